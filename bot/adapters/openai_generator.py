"""A generator behind OpenAI's protocol: vLLM, TGI, Ollama, llama.cpp, or somebody's API."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal

from bot.adapters.openai_calls import Calls
from bot.adapters.openai_stream import Misread, Pieces
from bot.chat_prompt import OVERHEAD, continued, estimated_tokens, messages
from bot.errors import Refused, ServerFails
from bot.ports import Sampling

Api = Literal["chat", "completions"]
A_TOKEN = 32  # characters, at most, on average: who writes more does not heed `max_tokens`
CHECK_S = 30.0  # a model may have to be loaded first


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. Nobody waits longer for the first text, for the next, or for the whole draft."""

    first_s: float = 3.0
    next_s: float = 3.0
    whole_s: float = 10.0


class OpenAiGenerator:
    def __init__(
        self, calls: Calls, model: str, *, api: Api = "chat", context: int = 4096, times: Times | None = None
    ) -> None:
        if not model:
            raise Refused("BOT_GENERATOR is an address: name the model there in BOT_GENERATOR_MODEL")
        if context < 4 * OVERHEAD:
            raise Refused(f"BOT_GENERATOR_CONTEXT must be {4 * OVERHEAD} or more")
        self._calls, self._model, self._api, self._times = calls, model, api, times or Times()
        self.name = f"{model}@{calls.host}"
        self.context = context - OVERHEAD

    def count_tokens(self, text: str) -> int:
        return estimated_tokens(text)

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        if not cancelled():
            yield from self._written(prompt, sampling, cancelled, self._times)

    def check(self) -> str:
        """One short draft, for `bot doctor`."""
        began = monotonic()
        times = Times(CHECK_S, CHECK_S, CHECK_S)
        text = "".join(self._written("<|question|>Say: ready<|reply|>", Sampling(max_tokens=8), lambda: False, times))
        wrote = "" if text.strip() else ", but wrote nothing"
        return f"{self.name} answers in {monotonic() - began:.1f} s{wrote}"

    def close(self) -> None:
        self._calls.close()

    def _written(
        self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool], times: Times
    ) -> Iterator[str]:  # fmt: skip
        path, body = self._request(prompt, sampling)
        pieces, limit = Pieces(), _Limit(times, self._calls.fails)
        n_written, most = 0, sampling.max_tokens * A_TOKEN
        for part in self._calls.stream(path, body):
            for text in self._read(pieces, part):
                limit.came()
                text = text if n_written else text.lstrip()
                n_written += len(text)
                if n_written > most:
                    raise self._calls.fails("writes more than it was asked for")
                if text:
                    yield text
                if cancelled():
                    return
            if pieces.is_over or cancelled():
                return
            limit.check()
        raise self._calls.fails("broke off its answer")

    def _read(self, pieces: Pieces, part: bytes) -> Iterator[str]:
        try:
            yield from pieces.fed(part)
        except Misread as wrong:
            raise self._calls.fails(str(wrong)) from None

    def _request(self, prompt: str, sampling: Sampling) -> tuple[str, dict[str, Any]]:
        drawn = {
            "model": self._model,
            "stream": True,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
        if self._api == "chat":
            return "/chat/completions", {**drawn, "messages": messages(prompt)}
        return "/completions", {**drawn, "prompt": continued(prompt)}


class _Limit:
    def __init__(self, times: Times, fails: Callable[[str], ServerFails]) -> None:
        self._times, self._fails = times, fails
        self._began = self._last = monotonic()
        self._has_begun = False

    def came(self) -> None:
        self._last, self._has_begun = monotonic(), True

    def check(self) -> None:
        now, times = monotonic(), self._times
        if now - self._last > (times.next_s if self._has_begun else times.first_s):
            raise self._fails("stopped writing" if self._has_begun else f"writes nothing within {times.first_s:g} s")
        if now - self._began > times.whole_s:
            raise self._fails(f"is not done within {times.whole_s:g} s")
