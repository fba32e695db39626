"""What leaves the machine holds nobody's data; what comes back does, before the guard reads it."""

import pytest

from bot.adapters.openai_parts import is_here
from bot.adapters.redacting import RedactingEmbedder, RedactingGenerator, redacted_prompt
from bot.compose import compose
from bot.knowledge import Hit
from bot.ports import Sampling
from bot.prompt import Turn, build
from tests.fakes import FakeEmbedder, fake_bot, passage, plays

PAGE = passage("a", "Receipts", "A receipt is sent to the e-mail address on the order. Write to help@shop.ie.")


def prompt(question: str, *said: str) -> str:
    turns = [Turn(True, text) for text in said]
    return build(question, [(PAGE.title, PAGE.text)], turns, count_tokens=len, budget=9_999)


def test_the_question_and_what_was_said_before_lose_what_is_personal_and_pages_keep_what_is_public() -> None:
    sent, values = redacted_prompt(prompt("Was it sent to ann@x.ie or help@shop.ie?", "I am ann@x.ie, 086 123 4567"))
    assert sent == prompt("Was it sent to [E-MAIL-1] or help@shop.ie?", "I am [E-MAIL-1], [PHONE-1]")
    assert values == {"[E-MAIL-1]": "ann@x.ie", "[PHONE-1]": "086 123 4567"}


def test_a_draft_in_pieces_has_its_values_again_and_nothing_else() -> None:
    scripted = plays("We wrote to [E-", "MAIL-1", "], not [PHONE-9] [or", " this", "] [E-MAIL-")
    text = list(RedactingGenerator(scripted).generate(prompt("Is it ann@x.ie?"), Sampling()))
    assert "".join(text) == "We wrote to ann@x.ie, not [PHONE-9] [or this] [E-MAIL-"
    assert "ann@x.ie" not in scripted.prompts[0]


async def test_the_guard_reads_the_values_and_lets_no_placeholder_pass() -> None:
    question = "Is a receipt sent to ann@x.ie?"
    for written, is_carried in (("A receipt is sent to the e-mail address on the order.", True),
                            ("A receipt is sent to [PHONE-3].", False)):  # fmt: skip
        generator = RedactingGenerator(plays(written))
        draft = await compose(fake_bot(generator), question, (Hit(PAGE, 1.0),), ())
        assert draft.verdicts[0].is_carried == is_carried


def test_questions_and_pages_are_embedded_without_what_is_personal() -> None:
    inner = FakeEmbedder()
    sent: list[str] = []
    inner.embed = lambda texts, **how: sent.extend(texts) or [[0.0]] * len(texts)  # type: ignore[method-assign,func-returns-value,assignment]
    embedder = RedactingEmbedder(inner)
    embedder.embed(["Where is ann@x.ie's order 10023945812?"], is_query=True)
    embedder.read(["Write to help@shop.ie, not to tom.byrne@gmail.com"], is_query=False)
    assert sent == ["Where is [E-MAIL-1]'s order 10023945812?", "Write to help@shop.ie, not to [E-MAIL-1]"]
    assert (embedder.name, embedder.dimension) == (inner.name, inner.dimension)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True), ("http://localhost/v1", True), ("http://[::1]:80", True),
        ("http://[::ffff:127.0.0.1]/", True), ("http://127.9.9.9/", True), ("http://10.0.0.2/v1", False),
        ("https://api.example.com/v1", False), ("http://localhost.example.com/", False), ("http://0.0.0.0/", False),
    ],
)  # fmt: skip
def test_only_what_is_written_as_this_machine_is_this_machine(url: str, here: bool) -> None:
    assert is_here(url) is here
