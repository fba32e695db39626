"""The generator: a causal language model on the CPU, by default the composer that ships with this package.

Any Hugging Face causal model with safetensors weights will do. One that does not know our markers (plain `gpt2`) reads
the same prompt as ordinary text; it drafts worse, and the fact guard is as strict with it.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from bot.adapters.gpt2_lean import lean
from bot.adapters.gpt2_together import AT_ONCE, Take, Together
from bot.adapters.gpt2_words import LOST, Keeping, choose, token_texts
from bot.errors import Unavailable
from bot.ports import Likelihood, Sampling
from bot.prompt import HANDOFF, MARKERS
from bot.sentences import complete_sentences

OURS = "composer"
SHIPPED = Path(__file__).parents[1] / "models" / "composer"
_ENDS = tuple(marker for marker in MARKERS if marker != HANDOFF)
_LOOP = 12  # tokens; a draft that writes so many a second time is going round in circles
_ENDED = re.compile(r"[.!?…。！？｡][\"'”’)\]）」』》】*]*\s*$")
_UNFINISHED = "\ufffd"  # what the first bytes of a longer character decode to


class Gpt2Generator:
    """`source` is `composer` (ours), a folder or a Hugging Face id; `threads` are torch's: few, so that the event
    loop gets its turn. Drafts of a GPT-2 that are asked for at once are written in step, by at most `loops` threads."""

    def __init__(self, source: str | Path = OURS, *, threads: int = 1, loops: int = 1) -> None:
        source = SHIPPED if source == OURS else source
        self._threads = threads
        torch.set_num_threads(threads)
        self._model, self._tokenizer = _load(source)
        self._lean = lean(self._model)  # an ordinary GPT-2 is read by our own hands, any other model by transformers
        self._together = Together(self._lean, loops=loops, threads=threads) if self._lean else None
        self.at_once = loops * AT_ONCE if self._lean else 0  # drafts in step; others take a processor each
        self._handoff = self._tokenizer.get_vocab().get(HANDOFF)  # None in a model that does not know our markers
        self._tokenizing = threading.Lock()  # a fast tokenizer refuses two threads at once ("Already borrowed")
        self.context = int(getattr(self._model.config, "max_position_embeddings", 1024))
        self.languages = frozenset(getattr(self._model.config, "languages", ()))
        self.name = f"{Path(source).name if Path(source).is_dir() else source}@{_digest(self._model)}"

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        """The draft, sentence by sentence. A hand-off is the text `<|handoff|>`; any other marker ends the draft.

        A sentence that the last token cuts short is left out, unless it is the only one, and so is one that cannot be
        ended in permitted words.
        """
        shown, ids, token = 0, list[int](), LOST
        for token in self._tokens(prompt, sampling, cancelled):
            if token in (LOST, self._tokenizer.eos_token_id):
                break
            ids.append(token)
            text, has_ended = visible(self._decode(ids))
            if has_ended:
                yield text[shown:]
                return
            if (whole := len(text) - len(complete_sentences(text)[1])) > shown:
                yield text[shown:whole]
                shown = whole
        rest = self._decode(ids).rstrip(_UNFINISHED).lstrip()[shown:]  # what looked like a marker's beginning was none
        is_whole = token == self._tokenizer.eos_token_id or _ENDED.search(rest)
        if rest and (is_whole or (not shown and token != LOST)):
            yield rest

    def _tokens(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool]) -> Iterator[int]:
        most = min(sampling.max_tokens, self.context // 2)
        # A prompt over the limit loses its beginning: the question and the reply marker stand at the end.
        feed = self._encode(prompt)[-(self.context - most) :]
        keeping = Keeping(prompt, self._texts) if sampling.from_prompt else None
        random, drawn = torch.Generator().manual_seed(sampling.seed), list[int]()

        def take(logits: Tensor) -> tuple[int, bool]:
            logits = self._deciding(logits, is_first=not drawn)
            token = keeping.token(logits, sampling, random) if keeping else choose(logits, sampling, random)
            drawn.append(token)
            is_last = token in self._ends or len(drawn) == most or goes_in_circles(drawn)
            return token, is_last or cancelled()

        if self._together is None:
            return self._alone(feed, take)
        return self._together.tokens(feed, len(feed) + most, take, cancelled)

    def _alone(self, feed: list[int], take: Take) -> Iterator[int]:
        torch.set_num_threads(self._threads)  # counts for the calling thread alone, and an executor has several
        past, is_last = None, False
        while not is_last:
            logits, past = self._forward(feed, past)
            token, is_last = take(logits)
            yield token
            feed = [token]

    def _deciding(self, logits: Tensor, is_first: bool) -> Tensor:
        """A hand-off is the first word or none, and competes with all beginnings of an answer taken together.

        Against the likeliest beginning alone it would win whenever an answer can be begun in several ways.
        """
        if self._handoff is None or (is_first and logits.softmax(-1)[self._handoff] >= 0.5):
            return logits
        return logits.index_fill(0, torch.tensor([self._handoff]), -torch.inf)

    @cached_property
    def _ends(self) -> frozenset[int | None]:
        return frozenset((LOST, self._handoff, self._tokenizer.eos_token_id))

    @cached_property
    def _texts(self) -> list[bytes]:
        return token_texts(self._tokenizer)

    @torch.inference_mode()
    def _forward(self, ids: list[int], past: Any) -> tuple[Tensor, Any]:
        out = self._model(input_ids=torch.tensor([ids]), past_key_values=past, use_cache=True, logits_to_keep=1)
        return out.logits[0, -1], out.past_key_values

    def likelihoods(self, prompt: str, texts: Sequence[str], first: int = 0) -> list[Likelihood]:
        if not texts:
            return []
        torch.set_num_threads(self._threads)
        ends = [] if self._tokenizer.eos_token_id is None else [self._tokenizer.eos_token_id]
        replies = [(self._encode(text.strip()) + ends)[: first or self.context // 2] for text in texts]
        read = self._encode(prompt)[-(self.context - max(map(len, replies))) :]
        return [_likelihood(reply, logits) for reply, logits in zip(replies, self._behind(read, replies), strict=True)]

    @torch.inference_mode()
    def _behind(self, prompt: list[int], replies: list[list[int]]) -> list[Tensor]:
        """Of each reply, which must have tokens, the logits (position, vocabulary) it was chosen by."""
        if self._lean is None:
            return [
                self._model(input_ids=torch.tensor([prompt + reply]), logits_to_keep=len(reply) + 1).logits[0, :-1]
                for reply in replies
            ]
        first, cache = self._lean.begun(prompt, len(prompt))
        further = self._lean.after([reply[:-1] for reply in replies], cache)
        return [torch.cat((first[None], rest)) for rest in further]

    def _encode(self, text: str) -> list[int]:
        with self._tokenizing:
            ids: list[int] = self._tokenizer(text, verbose=False)["input_ids"]
        return ids

    def _decode(self, ids: list[int]) -> str:
        with self._tokenizing:
            text: str = self._tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        return text


def visible(text: str) -> tuple[str, bool]:
    """What of a draft so far may be shown, and whether it has ended.

    Held back: half a character, and what may yet become a marker. A marker other than the hand-off ends the draft.
    """
    text = text.rstrip(_UNFINISHED).lstrip()
    if found := [at for marker in _ENDS if (at := text.find(marker)) >= 0]:
        return text[: min(found)], True
    start = text.rfind("<")
    if start >= 0 and any(len(text) - start < len(m) and m.startswith(text[start:]) for m in MARKERS):
        return text[:start], False
    return text, False


def goes_in_circles(tokens: list[int]) -> bool:
    """Whether the last tokens stand further up already: small models that copy may copy themselves for ever."""
    last = tokens[-_LOOP:]
    return any(tokens[start : start + _LOOP] == last for start in range(len(tokens) - _LOOP))


def _likelihood(reply: list[int], logits: Tensor) -> Likelihood:
    each = logits.log_softmax(-1).gather(1, torch.tensor(reply, dtype=torch.long)[:, None])
    return Likelihood(float(each.sum()), len(reply))


def _load(source: str | Path) -> tuple[Any, Any]:
    is_path = isinstance(source, Path) or source.startswith((".", "/", "~"))
    if is_path and not Path(source).expanduser().is_dir():
        raise Unavailable(f"there is no generator at {source}: run `bot train composer`, or name another model")
    models: Any = AutoModelForCausalLM
    place = str(Path(source).expanduser()) if is_path else str(source)
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
            model, loading = models.from_pretrained(
                place, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, output_loading_info=True
            )
    except Exception as error:  # loaders raise whatever their file formats raise
        raise Unavailable(
            f"the generator {source} cannot be loaded ({type(error).__name__}): "
            "name a folder or a Hugging Face id with safetensors weights, or run `bot train composer`"
        ) from error
    misfits = loading["missing_keys"] or loading["mismatched_keys"]  # which the loader would fill with random numbers
    if misfits or len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise Unavailable(f"the parts of the generator {source} do not fit each other: install or train it again")
    return model.eval(), tokenizer


@contextmanager
def _quiet() -> Iterator[None]:
    """Loading reports to nobody: no progress bars, no warnings on the terminal."""
    terminal: Any = logging
    level, has_bars = terminal.get_verbosity(), terminal.is_progress_bar_enabled()
    terminal.set_verbosity_error()
    terminal.disable_progress_bar()
    try:
        yield
    finally:
        terminal.set_verbosity(level)
        if has_bars:
            terminal.enable_progress_bar()


def _digest(model: Any) -> str:
    """Eight hex digits that change when a weight does."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(weight.contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()[:8]
