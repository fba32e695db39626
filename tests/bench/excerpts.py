"""What a reply leaves out: `python -m tests.bench.excerpts [SHOP…]`, over the shops of `tests.bench.shops`.

Each question that a passage answers is given that passage, whatever the search found. Printed is how many of the quoted
replies (an excerpt, or the passage) hold the sentences that the answer needs, and those without which it would mislead,
and how many words that takes. English only: that is what the embedder that comes with the bot reads.
"""

import asyncio
import sys
from dataclasses import dataclass

from bot import chooser, prompt
from bot.compose import writes
from bot.extraction import extract
from bot.sentences import sentences
from bot.settings import Settings
from bot.splitting import count_words
from tests.bench import shops


@dataclass(frozen=True, slots=True)
class Quoted:
    has_needed: bool
    has_all: bool
    words: int
    of: int  # words of the passage


async def quoted(names: list[str]) -> list[Quoted]:
    found = []
    async for bot, folder in shops.opened(Settings(), names):
        live = await bot.store.live_passages()
        for row in shops.rows(folder):
            asks = shops.asks_of(row, bot.now())
            passage = next(
                (p for p in shops.sources(row, live) if {*row.get("needs", ())} <= {*sentences(p.text)}), None
            )
            if "needs" not in row or passage is None or len(asks) > 1 or not writes(bot.generator, passage.language):
                continue
            question, is_faq = asks[0].question, passage.kind == "faq"
            room = bot.generator.context - bot.sampling.max_tokens
            shown = [(passage.title, passage.text)]
            text = prompt.build(question, shown, (), count_tokens=bot.generator.count_tokens, budget=room)
            excerpt = await extract(bot, question, passage, text)
            said, reply = sentences(passage.text), passage.text
            if excerpt is not None and chooser.suffices(excerpt, passage.text, question, passage.title, leads=is_faq):
                said, reply = list(excerpt.said), excerpt.text
            has_needed = {*row["needs"]} <= {*said}
            has_all = has_needed and {*row.get("also", ())} <= {*said}
            found.append(Quoted(has_needed, has_all, count_words(reply), count_words(passage.text)))
    return found


def main() -> None:
    found = asyncio.run(quoted(sys.argv[1:]))
    n = len(found)
    print(
        f"{n} replies: {sum(one.has_needed for one in found) / n:.1%} hold what the answer needs, "
        f"{sum(one.has_all for one in found) / n:.1%} its conditions as well, in "
        f"{sum(one.words for one in found) / n:.1f} of {sum(one.of for one in found) / n:.1f} words"
    )


if __name__ == "__main__":
    main()
