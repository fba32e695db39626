"""Query → hits: what is fused, what comes first, and how sure it makes us. Vectors are counts of three topics."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot import retrieval
from bot.decision import Curve, Curves, Model
from bot.dialogue import Policy, Thresholds
from bot.errors import NoIndex
from bot.hours import Hours
from bot.house import House
from bot.indexes import Index, Manifest, Reading
from bot.knowledge import Hit, Passage
from bot.retrieval import Found, Weighed, decision_score

TOPICS = ("return", "parcel", "invoice")


class TopicEmbedder:
    name = "topics"
    dimension = len(TOPICS)

    def __init__(self, *languages: str) -> None:
        self.languages = frozenset(languages or ("en",))
        self.embedded: list[str] = []

    def embed(
        self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None
    ) -> list[list[float]]:
        self.embedded += texts
        return [_unit([float(text.casefold().count(topic)) for topic in TOPICS]) for text in texts]

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        return Reading(self.embed(texts, is_query=is_query), [text.split() for text in texts])


AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _unit(vector: list[float]) -> list[float]:
    length = sum(x * x for x in vector) ** 0.5
    return [x / length if length else 0.0 for x in vector]


@dataclass
class Ranking:
    """A retriever that answers from a list, and remembers what it was asked."""

    scores: list[tuple[Passage, float]]
    asked: list[tuple[str, Any, int]] = field(default_factory=list)

    def search(self, query: str, vector: Any, k: int) -> list[tuple[str, float]]:
        self.asked.append((query, vector, k))
        return [(passage.id, score) for passage, score in self.scores[:k]]


class MendingRanking(Ranking):
    def mended(self, query: str) -> str:
        return query.replace("parsel", "parcel")


class Shelf:
    """The one method of the store that retrieval needs."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.live = {passage.id: passage for passage in passages}

    async def passages(self, ids: Iterable[str]) -> dict[str, Passage]:
        return {id: self.live[id] for id in ids if id in self.live}


class Near:
    """How near passages come to the words of a query, as told; and which words it was asked about."""

    def __init__(self, told: dict[Passage, tuple[float, float]]) -> None:
        self.told = {passage.id: near for passage, near in told.items()}
        self.asked: list[tuple[Any, set[str]]] = []

    def match(self, words: Any, passages: Iterable[str], without: Any = ()) -> dict[str, tuple[float, float]]:
        ids = set(passages)
        self.asked.append((words, ids))
        return {id: near for id, near in self.told.items() if id in ids}


class Published:
    def __init__(self, dense: Ranking, lexical: Ranking, near: Near | None = None) -> None:
        self.index = Index(Manifest("20261122T005959-ab12cd", "topics", 3, 0, 0, "", {}), dense, lexical, near)

    def current(self) -> Index:
        return self.index


class Unpublished:
    def current(self) -> Index:
        raise NoIndex


class Parts:
    """As much of a Bot as retrieval uses."""

    def __init__(
        self,
        dense: list[tuple[Passage, float]],
        lexical: list[tuple[Passage, float]],
        *,
        retired: Sequence[Passage] = (),
        embedder: TopicEmbedder | None = None,
        reranker: Any = None,
        near: Near | None = None,
    ) -> None:
        self.dense, self.lexical = Ranking(dense), MendingRanking(lexical)
        self.store = Shelf(p for p, _ in (*dense, *lexical) if p not in retired)
        self.indexes: Any = Published(self.dense, self.lexical, near)
        self.embedder = embedder or TopicEmbedder()
        self.house, self.at = House(hours=Hours.parse("", ZoneInfo("Europe/Brussels"), "")), AT
        self.reranker = reranker
        self.policy = Policy(Thresholds(0.7, 0.4), Thresholds(0.6, 0.3))
        self.calls: list[str] = []

    def now(self) -> datetime:
        return self.at

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self.calls.append(function.__name__)
        return function(*arguments)

    async def search(self, query: str = "return", *, language: str = "en", k: int = 5) -> Found:
        return await retrieval.search(self, query, language=language, k=k)  # type: ignore[arg-type]


def passage(name: str, text: str = "text", language: str = "en", document: str = "") -> Passage:
    return Passage(document or name, name, name, text, language)


A, B, C = passage("a"), passage("b"), passage("c")
ZH = passage("退货", "三十天内可以退货", "zh")


def names(found: Found) -> list[str]:
    return [hit.passage.anchor for hit in found.hits]


async def test_both_retrievers_have_a_say() -> None:
    found = await Parts([(A, 0.6), (B, 0.5)], [(B, 0.9), (A, 0.1)]).search()
    assert names(found) == ["b", "a"]
    assert (found.hits[0].dense, found.hits[0].lexical) == (0.5, 0.9)
    assert found.hits[0].score == pytest.approx(0.5 + retrieval.LEXICAL_WEIGHTS["latin"] * 0.9)


async def test_a_passage_only_one_retriever_knows_is_found() -> None:
    found = await Parts([(A, 0.6)], [(C, 0.9)]).search()
    assert set(names(found)) == {"a", "c"}


async def test_of_two_about_the_same_the_one_nearer_to_each_word_goes_first() -> None:
    near = Near({A: (0.5, 0.1), B: (0.9, 0.8)})
    found = await Parts([(A, 0.6), (B, 0.5)], [], near=near).search("return to ireland")
    assert names(found) == ["b", "a"]
    assert (found.hits[0].words, found.hits[0].weakest) == (0.9, 0.8)
    assert near.asked == [(["return", "to", "ireland"], {A.id, B.id})]
    assert found.hits[0].score == pytest.approx((0.5 + 0.7 * 0.9) / 1.7), "on the scale of a cosine"


async def test_what_was_not_compared_word_by_word_stays_behind_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "REREAD", 2)
    near = Near({A: (0.1, 0.0), B: (0.2, 0.0), C: (1.0, 1.0)})
    found = await Parts([(A, 0.6), (B, 0.5), (C, 0.49)], [], near=near).search()
    assert names(found)[-1] == "c"


@pytest.mark.parametrize("near", [None, Near({})])
async def test_where_no_words_are_known_the_order_is_that_of_the_retrievers(near: Near | None) -> None:
    found = await Parts([(A, 0.6), (B, 0.5)], [], near=near).search()
    assert [(hit.passage.anchor, hit.score, hit.words) for hit in found.hits] == [("a", 0.6, 0.0), ("b", 0.5, 0.0)]


async def test_passages_found_by_words_alone_are_not_compared_by_their_vectors() -> None:
    near = Near({A: (0.9, 0.9), ZH: (0.9, 0.9)})
    await Parts([(A, 0.6)], [(ZH, 0.9)], near=near).search()
    assert near.asked == [(["return"], {A.id})]


async def test_what_was_only_found_lexically_is_as_near_as_the_furthest_dense_hit() -> None:
    found = await Parts([(A, 0.6), (B, 0.2)], [(C, 0.9)]).search()
    assert {hit.passage.anchor: hit.dense for hit in found.hits}["c"] == 0.2


async def test_a_candidate_of_one_retriever_is_looked_up_far_down_in_the_other() -> None:
    many = [(passage(f"n{n:03}"), 0.9 - n / 1_000) for n in range(150)]
    far = many[149][0]
    found = await Parts(many, [(far, 1.0)]).search(k=200)
    assert {hit.passage.anchor: hit.dense for hit in found.hits}["n149"] == pytest.approx(0.9 - 0.149)


async def test_a_retired_passage_is_not_found_whatever_the_index_says() -> None:
    found = await Parts([(A, 0.9), (B, 0.5)], [(A, 0.9)], retired=[A]).search()
    assert names(found) == ["b"]


async def test_at_most_k_hits_come_back_best_first() -> None:
    found = await Parts([(passage(f"n{n}"), n / 10) for n in range(10)], []).search(k=3)
    assert names(found) == ["n9", "n8", "n7"]


async def test_as_many_hits_as_asked_for_come_back_when_there_are_so_many() -> None:
    found = await Parts([(passage(f"n{n:03}"), 0.9 - n / 1_000) for n in range(90)], []).search(k=80)
    assert len(found.hits) == 80


async def test_equal_scores_come_in_the_same_order_every_time() -> None:
    forwards, backwards = [(A, 0.5), (B, 0.5), (C, 0.5)], [(C, 0.5), (B, 0.5), (A, 0.5)]
    assert names(await Parts(forwards, []).search()) == names(await Parts(backwards, []).search())


async def test_nothing_found_is_no_hit_and_no_error() -> None:
    found = await Parts([], []).search("🙂")
    assert found.hits == ()


async def test_without_an_index_the_error_says_what_to_do() -> None:
    parts = Parts([], [])
    parts.indexes = Unpublished()
    with pytest.raises(NoIndex, match="bot ingest"):
        await parts.search()


async def test_the_query_is_mended_before_anything_is_searched() -> None:
    parts = Parts([(A, 0.5)], [])
    found = await parts.search("my parsel")
    assert found.query == "my parcel"
    assert parts.embedder.embedded == ["my parcel"]
    assert [asked[0] for asked in (*parts.dense.asked, *parts.lexical.asked)] == ["my parcel", "my parcel"]


async def test_found_names_its_generation_and_its_times() -> None:
    found = await Parts([(A, 0.5)], []).search()
    assert found.generation == "20261122T005959-ab12cd"
    assert set(found.timings) == {"embed", "search", "fuse"}
    assert all(ms >= 0 for ms in found.timings.values())


async def test_models_are_called_in_the_executor_only() -> None:
    parts = Parts([(A, 0.5)], [])
    await parts.search()
    assert parts.calls == ["_recall", "_fuse"]


# ── languages ──


async def test_a_language_the_embedder_does_not_read_is_decided_lexically() -> None:
    parts = Parts([(A, 0.9)], [(ZH, 0.4)])
    found = await parts.search("怎么退货", language="zh")
    assert names(found) == ["退货"]
    assert found.hits[0].dense == 0.0
    assert parts.embedder.embedded == []
    assert parts.dense.asked == []


async def test_an_embedder_that_reads_both_languages_is_asked_about_both() -> None:
    parts = Parts([(ZH, 0.8)], [], embedder=TopicEmbedder("en", "zh"))
    found = await parts.search("怎么退货", language="zh")
    assert found.hits[0].dense == 0.8


async def test_the_vector_of_a_passage_the_embedder_cannot_read_counts_for_nothing() -> None:
    found = await Parts([(ZH, 0.9), (A, 0.3)], []).search()
    assert names(found) == ["a"]


async def test_the_customers_language_goes_first_though_another_scores_higher() -> None:
    parts = Parts([(ZH, 0.8), (A, 0.7)], [], embedder=TopicEmbedder("en", "zh"))
    assert names(await parts.search()) == ["a"]


async def test_another_language_answers_when_the_customers_own_does_not() -> None:
    parts = Parts([(ZH, 0.8), (A, 0.2)], [], embedder=TopicEmbedder("en", "zh"))
    assert names(await parts.search()) == ["退货"]


async def test_what_answers_in_no_language_stays_in_the_customers_own() -> None:
    parts = Parts([(ZH, 0.4), (A, 0.2)], [], embedder=TopicEmbedder("en", "zh"))
    assert names(await parts.search()) == ["a"]


async def test_a_knowledge_base_in_another_language_is_all_there_is() -> None:
    parts = Parts([(ZH, 0.1)], [], embedder=TopicEmbedder("en", "zh"))
    assert names(await parts.search()) == ["退货"]


@pytest.mark.parametrize(("text", "expected"), [("GPS Volt 30", "zh"), ("GPS", "en")])
async def test_by_words_alone_another_language_must_hold_nearly_all_of_them(text: str, expected: str) -> None:
    chinese = passage("手表", f"手表 {text}", "zh")
    found = await Parts([(A, 0.2)], [(chinese, 0.9)]).search("gps volt 30")
    assert found.hits[0].passage.language == expected


async def test_crowds_in_another_language_hide_nothing_in_the_customers_own() -> None:
    crowd = [passage(f"{n}", "包裹", "zh") for n in range(retrieval.CANDIDATES * 3)]
    parts = Parts([*((one, 0.9) for one in crowd), (A, 0.85)], [], embedder=TopicEmbedder("en", "zh"))
    assert names(await parts.search()) == ["a"]


class DividedEmbedder(TopicEmbedder):
    def compares(self, one: str, other: str) -> bool:
        return one[:2] == other[:2]


async def test_vectors_that_cannot_be_compared_count_for_nothing() -> None:
    parts = Parts([(ZH, 0.9), (A, 0.3)], [], embedder=DividedEmbedder("en", "zh"))
    assert names(await parts.search()) == ["a"]
    [hit] = await retrieval.rank(parts, "return", [passage("退货", "return 退货", "zh")])  # type: ignore[arg-type]
    assert hit.dense == 0.0


async def test_a_passage_in_german_is_no_stranger_to_a_query_that_is_not_chinese() -> None:
    german = passage("rueckgabe", language="de")
    found = await Parts([(german, 0.7)], []).search("Rückgabe", language="en")
    assert found.hits[0].dense == 0.7


async def test_a_regional_chinese_is_chinese() -> None:
    regional = replace(ZH, language="zh-TW")
    assert names(await Parts([], [(A, 0.5), (regional, 0.4)]).search("退货", language="zh")) == ["退货"]


# ── coverage ──


@pytest.mark.parametrize(
    ("query", "coverage"),
    [
        ("returning a parcel", 1.0),
        ("return by helicopter", 6 / 14),
        ("退货", 1.0),
        ("how do I?", 0.0),
        ("helicopter", 0.0),
    ],
)
async def test_coverage_is_the_share_of_the_topic_words_that_the_passage_carries(query: str, coverage: float) -> None:
    held = replace(A, title="Returns", text="Send the parcel back. 退货", phrasings=())
    found = await Parts([(held, 0.5)], []).search(query)
    assert found.hits[0].coverage == pytest.approx(coverage)


async def test_phrasings_count_as_carried() -> None:
    held = replace(A, phrasings=("Can I send it by helicopter?",))
    assert (await Parts([(held, 0.5)], []).search("helicopter")).hits[0].coverage == 1.0


# ── rerank ──


class LastFirst:
    name = "last-first"

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        return [float(n) for n in range(len(texts))]


async def test_a_reranker_orders_the_hits_and_leaves_their_scores() -> None:
    found = await Parts([(A, 0.9), (B, 0.5)], [], reranker=LastFirst()).search()
    assert names(found) == ["b", "a"]
    assert [hit.score for hit in found.hits] == [0.5, 0.9]
    assert "rerank" in found.timings


# ── exactly these passages ──


async def ranked(query: str, *passages: Passage) -> list[str]:
    parts = Parts([], [])
    return [hit.passage.anchor for hit in await retrieval.rank(parts, query, passages)]  # type: ignore[arg-type]


async def test_given_passages_are_ranked_without_an_index() -> None:
    invoice, parcel = passage("i", "the invoice"), passage("p", "the parcel")
    assert await ranked("where is my parcel", invoice, parcel) == ["p", "i"]


async def test_given_passages_in_chinese_are_ranked_by_their_words() -> None:
    assert await ranked("怎么退货", passage("x", "发票在哪里", "zh"), ZH) == ["退货", "x"]


async def test_ranking_no_passages_gives_no_hits() -> None:
    assert await ranked("parcel") == []


# ── how sure are we? ──


def hit(score: float = 0.6, dense: float = 0.6, lexical: float = 0.2, coverage: float = 0.5, name: str = "a") -> Hit:
    return Hit(passage(name), score, dense, lexical, coverage)


RIVAL = hit(score=0.55, dense=0.5, lexical=0.3, name="b")


def test_no_hit_answers_nothing() -> None:
    assert decision_score([]) == 0.0


@pytest.mark.parametrize(
    "better",
    [
        hit(dense=0.7),
        hit(score=0.7),
        hit(lexical=0.4),  # now the lexical retriever agrees
        hit(coverage=0.9),
    ],
)
def test_better_evidence_makes_us_surer(better: Hit) -> None:
    assert decision_score([better, RIVAL]) > decision_score([hit(), RIVAL])


@pytest.mark.parametrize("better", [hit(dense=0.0, lexical=0.3), hit(dense=0.0, coverage=0.9), hit(0.8, dense=0.0)])
def test_better_lexical_evidence_makes_us_surer_without_any_vector(better: Hit) -> None:
    rival = hit(score=0.55, dense=0.0, lexical=0.1, name="b")
    assert decision_score([better, rival]) > decision_score([hit(dense=0.0), rival])


def test_a_close_second_in_another_document_makes_us_less_sure() -> None:
    assert decision_score([hit(0.8), hit(0.79, name="b")]) < decision_score([hit(0.8), hit(0.5, name="b")])


def test_a_close_second_in_the_same_document_does_not() -> None:
    same = replace(hit(0.79), passage=passage("a2", document="a"))
    far = hit(0.5, name="b")
    assert decision_score([hit(0.8), same, far]) == decision_score([hit(0.8), far])


def test_a_hit_without_a_rival_has_no_lead() -> None:
    assert decision_score([hit(0.8)]) == decision_score([hit(0.8), hit(0.8, name="b")])


def test_a_reranked_first_hit_that_scores_lower_has_no_lead_either() -> None:
    assert decision_score([hit(0.5), hit(0.8, name="b")]) == decision_score([hit(0.5), hit(0.5, name="b")])


@pytest.mark.parametrize(("dense", "lexical", "coverage"), [(1.0, 1.0, 1.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 1.0)])
def test_the_score_is_between_0_and_1(dense: float, lexical: float, coverage: float) -> None:
    assert 0.0 < decision_score([hit(dense + lexical, dense, lexical, coverage)]) < 1.0


def test_a_plain_paraphrase_stands_above_the_threshold_and_a_foreign_question_below() -> None:
    assert decision_score([hit(0.85, 0.75, 0.35, 0.7), hit(0.6, 0.5, 0.1, 0.2, "b")]) > 0.8
    assert decision_score([hit(0.32, 0.3, 0.07, 0.2), hit(0.3, 0.28, 0.1, 0.2, "b")]) < 0.1


# ── by a curve ──

PLAIN = Policy(Thresholds(0.7, 0.4), Thresholds(0.6, 0.3))
SURE = Curves(Curve({"dense": (0.5, 0.1, 2.0)}, 0.0), Curve({"dense": (0.5, 0.1, 3.0)}, 0.0))
CALIBRATED = Model({"en": SURE}, {"en": Thresholds(0.9, 0.2)})


def weighed(
    model: Model | None, policy: Policy = PLAIN, language: str = "en", hits: Sequence[Hit] = (hit(),)
) -> Weighed:
    parts: Any = Parts([], [])
    parts.policy = policy
    parts.indexes.index = replace(parts.indexes.index, decision=model)
    return retrieval.weigh(parts, Found(tuple(hits), "g", {}, "return"), language)


def test_what_was_calibrated_decides() -> None:
    found = weighed(CALIBRATED)
    assert found.score == pytest.approx(SURE.right.probability({"dense": 0.6}))
    assert found.known == pytest.approx(SURE.known.probability({"dense": 0.6}))
    assert found.thresholds == Thresholds(0.9, 0.2)


def test_what_was_not_calibrated_is_decided_by_hand() -> None:
    assert weighed(None) == Weighed(decision_score([hit()]), decision_score([hit()]), PLAIN.thresholds)
    assert weighed(CALIBRATED, language="zh") == Weighed(*[decision_score([hit()])] * 2, PLAIN.chinese)


def test_thresholds_the_shop_set_go_before_those_that_were_calibrated() -> None:
    assert weighed(CALIBRATED, replace(PLAIN, insists=frozenset({"en"}))).thresholds == PLAIN.thresholds
    assert weighed(CALIBRATED, replace(PLAIN, insists=frozenset({"zh"}))).thresholds == Thresholds(0.9, 0.2)


def test_without_hits_no_curve_is_asked() -> None:
    assert weighed(CALIBRATED, hits=()) == Weighed(0.0, 0.0, Thresholds(0.9, 0.2))


class Telling(Ranking):
    def nearest(self, vector: Any, k: int) -> list[tuple[str, float]]:
        return [(passage.id, score) for passage, score in self.scores[:k]]


async def test_a_retriever_that_tells_its_nearest_pieces_is_asked_for_them() -> None:
    parts = Parts([(A, 0.6), (B, 0.5)], [])
    assert not (await parts.search()).nearest
    parts.indexes = Published(Telling([(A, 0.6), (C, 0.5), (ZH, 0.5), (B, 0.4)]), parts.lexical)
    parts.store = Shelf([A, B, ZH])
    nearest = (await parts.search()).nearest
    assert list(nearest) == [(A.id, 0.6), (B.id, 0.4)], "neither one retired nor one in another language has a vote"


# ── when it holds, and for whom ──


async def test_what_holds_no_longer_or_not_yet_is_not_found_to_the_minute_in_the_shops_time_zone() -> None:
    over = replace(passage("over"), valid_to="2026-11-21")
    today = replace(passage("today"), valid_to="2026-11-22")
    later = replace(passage("later"), valid_from="2026-11-23")
    parts = Parts([(over, 0.9), (today, 0.8), (later, 0.7)], [])
    parts.at = datetime(2026, 11, 22, 22, 59, tzinfo=UTC)  # a minute to midnight in Brussels
    assert names(await parts.search()) == ["today"]
    parts.at += timedelta(minutes=1)
    assert names(await parts.search()) == ["later"]


async def test_what_is_for_agents_only_is_not_found_for_a_customer() -> None:
    hidden = replace(passage("hidden"), audience="agents")
    assert names(await Parts([(hidden, 0.9), (A, 0.5)], [(hidden, 0.9)]).search()) == ["a"]
