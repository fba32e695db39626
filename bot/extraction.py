"""Passage and question → the sentences that answer, word for word: what the models say of each, weighed.

Runs before the draft and does not depend on it: a bot without a generator answers with excerpts.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import replace

from bot import chooser, retrieval
from bot.excerpt import Excerpt, Signs, chances, excerpt, nearness
from bot.indexes import WORD_SCALE, Reading
from bot.knowledge import Passage
from bot.ports import Bot, Weighs
from bot.sentences import sentences
from bot.text import folded_terms

BEGINNING = 4  # tokens: by then a generator that copies has chosen its sentence
log = logging.getLogger(__name__)
MOST = 60  # sentences; a passage of more is a table or a mistake, and is quoted


async def extract(bot: Bot, question: str, passage: Passage, prompt: str) -> Excerpt | None:
    """`prompt` is what the generator is given, if it is asked; None where nothing can be said about the sentences."""
    stated = sentences(passage.text)
    if not 0 < len(stated) <= MOST or not retrieval.reads(bot, passage.language):
        return None
    try:
        async with asyncio.timeout(bot.policy.first_sentence_s):
            signs = await bot.run(_signs, bot, question, stated, prompt)
    except Exception as error:  # whatever fails a model, or takes it too long: the passage itself can be sent
        log.warning("no excerpt of the passage %s: %s %s", passage.id, type(error).__name__, error)
        return None
    is_faq = passage.kind == "faq"
    signs[0] = replace(signs[0], opens=float(is_faq))
    return excerpt(passage.text, chances(signs), keeps_first=is_faq and chooser.decides(stated[0]))


def _signs(bot: Bot, question: str, stated: Sequence[str], prompt: str) -> list[Signs]:
    asked = bot.embedder.read([question], is_query=True)
    told = bot.embedder.read(stated, is_query=False)
    wanted = set(folded_terms(question))
    shared = [len(wanted & set(folded_terms(one))) / max(1, len(wanted)) for one in stated]
    near = _near(asked, told, len(stated))
    begun = _begun(bot, prompt, stated)
    return [
        Signs(retrieval.dot(asked.vectors[0], told.vectors[n]), near[n], shared[n], begun[n])
        for n in range(len(stated))
    ]


def _begun(bot: Bot, prompt: str, stated: Sequence[str]) -> list[float]:
    """0 throughout for a generator that cannot tell."""
    if not prompt or not isinstance(bot.generator, Weighs):
        return [0.0] * len(stated)
    found = [one.log_probability for one in bot.generator.likelihoods(prompt, stated, BEGINNING)]
    top = max(found)
    together = top + math.log(sum(math.exp(one - top) for one in found))
    return [one - together for one in found]


def _near(asked: Reading, told: Reading, n: int) -> list[float]:
    """0 throughout for a model whose words are not used one by one."""
    if not asked.words or not told.words:
        return [0.0] * n
    words = _rows(asked.words[0])
    return [nearness(words, _rows(one)) for one in told.words]


def _rows(words: Sequence[Sequence[int]]) -> list[list[float]]:
    return [[float(part) / WORD_SCALE for part in word] for word in words]
