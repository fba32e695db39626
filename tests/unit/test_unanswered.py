from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from bot import unanswered
from bot.desk import Unanswered
from bot.unanswered import Group, clusters, groups
from tests.fakes import AT, FakeEmbedder, fake_bot


class FakeRecords:
    def __init__(self, questions: Sequence[Unanswered]) -> None:
        self.questions = questions
        self.asked: list[tuple[datetime, int]] = []

    async def unanswered(self, since: datetime, limit: int) -> Sequence[Unanswered]:
        self.asked.append((since, limit))
        return self.questions


def question(text: str, conversation: str = "", minutes: int = 0, language: str = "en", **best: object) -> Unanswered:
    at = AT + timedelta(minutes=minutes)
    return Unanswered(conversation or f"c-{text}-{minutes}", minutes + 1, text, language, at, **best)  # type: ignore[arg-type]


async def grouped(*questions: Unanswered, embedder: FakeEmbedder | None = None) -> list[Group]:
    return await groups(fake_bot(embedder=embedder, records=FakeRecords(questions)), AT)


def only_english() -> FakeEmbedder:
    embedder = FakeEmbedder()
    embedder.languages = frozenset({"en"})
    return embedder


async def test_questions_of_one_meaning_are_one_group_and_the_largest_comes_first() -> None:
    warranty, *returns = await grouped(
        question("How long is the warranty?", minutes=1),
        question("warranty on boots", minutes=2),
        question("a warranty?", minutes=3),
        question("may I return it", minutes=9),
    )
    assert [(group.count, group.conversations) for group in (warranty, *returns)] == [(3, 3), (1, 1)]
    assert warranty.last_at == AT + timedelta(minutes=3)


async def test_whoever_asks_five_times_in_a_row_is_one_who_asks() -> None:
    rows = [question(f"return {n}", "c1", minutes=n) for n in range(5)]
    first, second = await grouped(*rows, question("gift one", minutes=1), question("gift two", minutes=2))
    assert (first.count, first.conversations) == (2, 2)
    assert (second.count, second.conversations) == (5, 1)


async def test_the_most_typical_question_names_the_group() -> None:
    # Of the three keywords, "gift refund" shares one with each of the others, which share none with each other.
    (group, *_) = await grouped(
        question("a gift?", minutes=3), question("Gift refund?"), question("a refund?", minutes=2)
    )
    assert group.question == "Gift refund?"
    assert group.count == 3


async def test_the_commonest_spelling_of_the_typical_question_is_its_name() -> None:
    rows = [question(text, minutes=n) for n, text in enumerate(["a gift", "Hello, a gift?", "A gift?", "A gift?"])]
    (group,) = await grouped(*rows)
    assert (group.question, group.count) == ("A gift?", 4)


async def test_examples_are_the_newest_with_each_wording_once() -> None:
    rows = [question(f"gift {n % 7}", minutes=n) for n in range(14)]
    (group,) = await grouped(*rows)
    assert [one.text for one in group.examples] == ["gift 6", "gift 5", "gift 4", "gift 3", "gift 2"]
    assert group.examples[0].at == AT + timedelta(minutes=13)


async def test_the_nearest_passage_of_any_member_is_the_groups() -> None:
    (group,) = await grouped(
        question("gift one", best_title="Gift cards", best_score=0.31),
        question("gift two", best_title="Gift wrapping", best_score=0.33),
        question("gift three"),
    )
    assert group.best is not None
    assert (group.best.best_title, group.best.best_score) == ("Gift wrapping", 0.33)
    (bare,) = await grouped(question("gift one"))
    assert bare.best is None


async def test_small_talk_is_no_question() -> None:
    assert await grouped(question("hello"), question("thanks!"), question("谢谢", language="zh")) == []


async def test_languages_are_never_mixed() -> None:
    found = await grouped(question("gift card"), question("gift 礼品卡怎么用", language="zh"))
    assert sorted(group.language for group in found) == ["en", "zh"]


async def test_a_language_the_embedder_does_not_read_is_grouped_by_words() -> None:
    shipping = [
        question(text, minutes=n, language="zh")
        for n, text in enumerate(["可以送到挪威吗", "能送到挪威吗？", "送到挪威"])
    ]
    other = question("有学生优惠吗", minutes=9, language="zh")
    first, second = await grouped(*shipping, other, embedder=only_english())
    assert {one.text for one in first.members} == {one.text for one in shipping}
    assert second.question == "有学生优惠吗"


async def test_words_that_carry_no_topic_draw_nothing_together() -> None:
    found = await grouped(
        question("你们可以吗", language="zh"), question("这个是什么呢", language="zh"), embedder=only_english()
    )
    assert [group.count for group in found] == [1, 1]


async def test_the_order_of_arrival_changes_nothing() -> None:
    rows = [
        question(text, minutes=n) for n, text in enumerate(["gift refund", "a gift", "refund", "return", "returns?"])
    ]
    assert await grouped(*rows) == await grouped(*reversed(rows))


async def test_a_bounded_number_is_read_and_embedded_in_small_batches() -> None:
    sizes: list[int] = []

    class Counting(FakeEmbedder):
        def embed(self, texts, *, is_query, progress=None):  # type: ignore[no-untyped-def]
            assert is_query
            sizes.append(len(texts))
            return super().embed(texts, is_query=is_query)

    rows = [question(f"gift number {n}", minutes=n) for n in range(70)] + [question("GIFT number 3!", minutes=99)]
    records = FakeRecords(rows)
    (group,) = await groups(fake_bot(embedder=Counting(), records=records), AT)
    assert records.asked == [(AT, unanswered.MOST)]
    assert (group.count, sizes) == (71, [32, 32, 6])


async def test_nothing_unanswered_is_no_group() -> None:
    assert await grouped() == []


# ── with plain vectors ──


@pytest.mark.parametrize("kind", [np.array, list])
def test_vectors_may_be_an_array_or_lists(kind: type) -> None:
    # The first two are 0.8 apart by cosine, the third stands at right angles to the first and 0.6 from the second.
    batches = [kind([[1.0, 0.0], [0.8, 0.6]]), kind([[0.0, 1.0]])]
    assert unanswered._near(batches) == [[0, 1], [0, 1, 2], [1, 2]]


def test_a_chain_is_not_one_cluster() -> None:
    # 0–1–2–3–4: the middle takes its neighbours, and the ends, which nothing else is near to, stand alone.
    chain = [[0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4]]
    assert clusters(chain, [1, 1, 1, 1, 1]) == [[1, 0, 2], [3, 4]]
    assert clusters(chain, [1, 1, 9, 1, 1]) == [[2, 1, 3], [0], [4]]


def test_every_text_is_in_one_cluster() -> None:
    links = [[m for m in range(60) if m == n or m * n % 7 == 1] for n in range(60)]
    found = clusters(links, [1] * 60)
    assert sorted(n for cluster in found for n in cluster) == list(range(60))
    assert [len(cluster) for cluster in found] == sorted(map(len, found), reverse=True)
