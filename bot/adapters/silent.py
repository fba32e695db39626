"""A generator that writes nothing: every answer is then the passage's own, word for word."""

from collections.abc import Callable, Iterator

from bot.ports import Sampling


class SilentGenerator:
    name = "none"
    context = 1 << 20

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        return iter(())
