"""A model on this machine is asked in the manner it learned."""

from pathlib import Path

import pytest

from bot.adapters.gpt2 import SHIPPED, Gpt2Generator
from bot.adapters.gpt2_chat import ChatGenerator, in_its_own_manner
from bot.chat_prompt import OVERHEAD, SYSTEM
from bot.ports import Sampling
from bot.prompt import build

TEMPLATE = (
    "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}[reply]{% endif %}"
)


class Chatting:
    """A loaded model, as far as a chat needs it."""

    name, context = "chatty@12345678", 2_048

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._tokenizer = Gpt2Generator(SHIPPED)._tokenizer
        self._tokenizer.chat_template = TEMPLATE

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(self, prompt: str, sampling: Sampling, cancelled: object) -> list[str]:
        self.asked.append(prompt)
        return ["Within 30 days."]


def test_it_reads_the_passages_and_the_question_as_a_conversation() -> None:
    model = Chatting()
    chat = ChatGenerator(model)  # type: ignore[arg-type]
    prompt = build("How long?", [("Returns", "You have 30 days.")], count_tokens=len, budget=1_000)
    assert "".join(chat.generate(prompt, Sampling())) == "Within 30 days."
    [asked] = model.asked
    assert asked.startswith(f"[system]{SYSTEM}[user]<passage>\nReturns\nYou have 30 days.\n</passage>")
    assert asked.endswith("[reply]")
    assert "<|question|>" not in asked


def test_its_own_words_leave_less_room_for_the_prompt() -> None:
    chat = ChatGenerator(Chatting())  # type: ignore[arg-type]
    assert (chat.name, chat.context) == ("chatty@12345678", 2_048 - OVERHEAD)
    assert chat.count_tokens("abc") == 3


def test_who_knows_our_markers_reads_our_prompt_even_with_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.gpt2_chat.Gpt2Generator", lambda source, threads: Chatting())
    assert isinstance(in_its_own_manner(Path("any")), Chatting)


def test_who_knows_neither_reads_our_prompt_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(source: str | Path, threads: int) -> Chatting:
        made = Chatting()
        made._tokenizer = type("Plain", (), {"chat_template": template, "get_vocab": lambda self: {"a": 0}})()
        return made

    monkeypatch.setattr("bot.adapters.gpt2_chat.Gpt2Generator", load)
    template: str | None = None
    assert isinstance(in_its_own_manner("any"), Chatting)
    template = TEMPLATE
    assert isinstance(in_its_own_manner("any"), ChatGenerator)
