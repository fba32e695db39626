"""A generator or an embedder on somebody else's machine, which gets to see no personal data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bot.chat_prompt import parts
from bot.indexes import Reading, Vectors
from bot.ports import Embedder, Generator, Sampling
from bot.prompt import PASSAGE
from bot.redaction import page_redacted, ready, redacted, restored


class _Redacting:
    def __init__(self, part: Any) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_part":
            raise AttributeError(name)
        return getattr(self._part, name)


class RedactingGenerator(_Redacting):
    """What was taken out of the prompt is back in the draft before anybody reads that, the guard included."""

    name: str
    context: int

    def __init__(self, generator: Generator) -> None:
        super().__init__(generator)

    def count_tokens(self, text: str) -> int:
        return int(self._part.count_tokens(text))

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        sent, values = redacted_prompt(prompt)
        held = ""
        for text in self._part.generate(sent, sampling, cancelled):
            now, held = ready(held + text)
            if now:
                yield restored(now, values)
        if held:
            yield restored(held, values)


def redacted_prompt(prompt: str) -> tuple[str, Mapping[str, str]]:
    """The prompt as it may leave, and what its placeholders stand for. Pages first: what they say openly stays."""
    held, values = parts(prompt), dict[str, str]()
    sent = [""] * len(held)
    for n, (marker, text) in enumerate(held):
        if marker == PASSAGE:
            page = page_redacted(text, values)
            sent[n], values = marker + page.text, dict(page.values)
    public = "\n".join(sent)
    for n, (marker, text) in enumerate(held):
        if marker != PASSAGE:
            said = redacted(text, values, public)
            sent[n], values = marker + said.text, dict(said.values)
    return "".join(sent), values


class RedactingEmbedder(_Redacting):
    name: str
    dimension: int
    languages: frozenset[str]

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Vectors:
        made: Vectors = self._part.embed(_sent(texts, is_query), is_query=is_query, progress=progress)
        return made

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        made: Reading = self._part.read(_sent(texts, is_query), is_query=is_query, progress=progress)
        return made


def _sent(texts: Sequence[str], is_query: bool) -> list[str]:
    return [(redacted(text) if is_query else page_redacted(text)).text for text in texts]
