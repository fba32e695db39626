"""What the shipped composer shows of itself: where it looked, and how near it was to a hand-off."""

import pytest

from bot.adapters.gpt2 import Gpt2Generator
from bot.adapters.gpt2_insight import Gpt2Insight
from bot.attention import attended, drafted
from bot.errors import Refused
from bot.ports import Sampling
from bot.prompt import build

TEXT = "You can return unused items within 30 days of delivery. Bring the receipt with you."


@pytest.fixture(scope="module")
def insight() -> Gpt2Insight:
    return Gpt2Insight()


def prompt_of(insight: Gpt2Insight, question: str, text: str) -> str:
    return build(question, [("Returns", text)], count_tokens=len, budget=5_000)


def test_it_is_the_generator_that_is_looked_into(insight: Gpt2Insight) -> None:
    generator = Gpt2Generator()
    assert insight.name == generator.name
    prompt = prompt_of(insight, "How long can I return items?", TEXT)
    draft = drafted("".join(generator.generate(prompt, Sampling())))
    assert insight.looks(prompt, draft).text == prompt + draft


def test_each_token_of_a_draft_shares_out_one_whole_attention(insight: Gpt2Insight) -> None:
    looks = insight.looks(prompt_of(insight, "How long?", TEXT), "Within 30 days.")
    assert looks.text[looks.begin :] == "Within 30 days."
    assert all(sum(row) == pytest.approx(1.0, abs=1e-4) for row in looks.weights)
    assert {len(row) for row in looks.weights} == {len(looks.spans)}
    assert len(looks.weights) == sum(begin >= looks.begin for begin, _ in looks.spans)


def test_copied_words_looked_at_what_they_copy(insight: Gpt2Insight) -> None:
    prompt = prompt_of(insight, "How long can I return items?", TEXT)
    found = attended(prompt, insight.looks(prompt, "You can return unused items within 30 days of delivery."))
    [read] = found.passages
    right = [one.word.text == read.words[one.sources[0].word].text for one in found.draft]
    assert sum(right) >= len(right) - 1


def test_no_token_looked_at_what_came_after_it(insight: Gpt2Insight) -> None:
    looks = insight.looks(prompt_of(insight, "How long?", TEXT), "Within 30 days.")
    first = len(looks.spans) - len(looks.weights)
    assert all(not any(row[first + n :]) for n, row in enumerate(looks.weights))


def test_chinese_is_looked_at_character_by_character(insight: Gpt2Insight) -> None:
    prompt = prompt_of(insight, "退货？", "您可以在30天内退货。")
    found = attended(prompt, insight.looks(prompt, "30天内退货。"))
    assert [one.word.text for one in found.draft] == ["30", "天", "内", "退", "货。"]
    assert found.passages[0].words[1].text == "您"


def test_a_prompt_beyond_the_context_loses_its_beginning_only(insight: Gpt2Insight) -> None:
    looks = insight.looks(prompt_of(insight, "How long?", "word " * 900 + TEXT), "Within 30 days.")
    assert looks.spans[-1][1] == len(looks.text)
    assert looks.spans[0][0] > 0


def test_a_draft_that_is_none_or_too_long_is_refused(insight: Gpt2Insight) -> None:
    with pytest.raises(Refused, match="no draft"):
        insight.looks(prompt_of(insight, "How long?", TEXT), "")
    with pytest.raises(Refused, match="longer than the context"):
        insight.looks(prompt_of(insight, "How long?", TEXT), "days " * 600)


def test_a_hand_off_has_a_likelihood(insight: Gpt2Insight) -> None:
    likely = insight.handoff(prompt_of(insight, "How long can I return items?", TEXT))
    assert likely is not None
    assert 0 <= likely < 0.5
