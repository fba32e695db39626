"""A model on this machine that was taught to chat: our prompt in the manner it learned."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bot.adapters.gpt2 import Gpt2Generator
from bot.chat_prompt import OVERHEAD, messages
from bot.ports import Generator, Sampling
from bot.prompt import REPLY


class ChatGenerator:
    """`generator` must have a chat template. What it reads is what a model behind a server reads (`chat_prompt`)."""

    def __init__(self, generator: Gpt2Generator) -> None:
        self._generator = generator
        self.name = generator.name
        self.context = generator.context - OVERHEAD

    def count_tokens(self, text: str) -> int:
        return self._generator.count_tokens(text)

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        asked: str = self._generator._tokenizer.apply_chat_template(
            messages(prompt), tokenize=False, add_generation_prompt=True
        )
        # The words a draft may be written in are read from our markers, and a chat has none.
        return self._generator.generate(asked, replace(sampling, from_prompt=False), cancelled)


def in_its_own_manner(source: str | Path, *, threads: int = 1) -> Generator:
    """Our markers for a model that knows them, a chat for one that was taught to chat, else our prompt as it is."""
    generator = Gpt2Generator(source, threads=threads)
    tokenizer = generator._tokenizer
    knows_ours = REPLY in tokenizer.get_vocab()
    return ChatGenerator(generator) if tokenizer.chat_template and not knows_ours else generator
