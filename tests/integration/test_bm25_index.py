"""BM25: what it counts, how its scores compare, and what it must survive."""

import io
import json
import logging
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.bm25_index import FILE, Bm25Index, Bm25Part
from bot.errors import IndexDamaged
from bot.knowledge import Passage


def passage(name: str, title: str, text: str, language: str = "en", phrasings: tuple[str, ...] = ()) -> Passage:
    return Passage(name, name, title, text, language, phrasings=phrasings)


RETURNS = passage("returns", "How do I return something?", "Send the parcel back within 30 days.")
INVOICE = passage("invoice", "Where is my invoice?", "We mail it.", phrasings=("Can I get a receipt?",))
CUSTOMS = passage("customs", "Who pays the customs fees?", "Outside the EU the customer pays customs fees.")
RETURNS_ZH = passage("退货", "怎么退货？", "收到包裹后三十天内可以退货。", "zh")
MEMBERS_ZH = passage("会员", "会员有什么好处？", "会员每年有生日礼券，iPhone 配件打九折。", "zh")
ALL = [RETURNS, INVOICE, CUSTOMS, RETURNS_ZH, MEMBERS_ZH]


def index_of(*passages: Passage, known: frozenset[str] = frozenset()) -> Bm25Index:
    part = Bm25Part(known.__contains__)
    return part.load(part.build(passages))


@pytest.fixture(scope="module")
def index() -> Bm25Index:
    return index_of(*ALL)


def first(index: Bm25Index, query: str) -> str:
    names = {passage.id: passage.anchor for passage in ALL}
    found = index.search(query, None, 5)
    return names[found[0][0]] if found else ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("returned parcels", "returns"),  # by its stems
        ("RECEIPT", "invoice"),  # by a phrasing
        ("customs fees", "customs"),
        ("我要退货", "退货"),
        ("会员", "会员"),
        ("iPhone 有折扣吗", "会员"),
    ],
)
def test_a_passage_is_found_by_title_phrasing_or_text(index: Bm25Index, query: str, expected: str) -> None:
    assert first(index, query) == expected


@pytest.mark.parametrize("query", ["", "   ", "🙂🙂", "?!…", "xyzzy", "how do I", "请问怎么", "\x00", "​"])
def test_a_query_without_a_known_term_finds_nothing(index: Bm25Index, query: str) -> None:
    assert index.search(query, None, 5) == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_query_is_survived(query: str) -> None:
    found = MADE.search(query, None, 3)
    assert len(found) <= 3
    assert all(0 < score <= 1 for _, score in found)
    assert isinstance(MADE.mended(query), str)


MADE = index_of(*ALL)


@pytest.mark.parametrize("passages", [(), (passage("empty", "", "🙂"),), (passage("glue", "how do I", "请问"),)])
def test_an_index_of_nothing_finds_nothing(passages: tuple[Passage, ...]) -> None:
    assert index_of(*passages).search("return", None, 5) == []


def test_a_passage_without_terms_does_not_hide_the_others() -> None:
    assert len(index_of(passage("empty", "", ""), RETURNS).search("return", None, 5)) == 1


def test_a_term_no_passage_has_makes_the_score_smaller(index: Bm25Index) -> None:
    (_, whole), *_ = index.search("customs fees", None, 1)
    (_, half), *_ = index.search("customs fees helicopter zeppelin", None, 1)
    assert half < whole / 1.5


def test_a_term_said_twice_counts_once(index: Bm25Index) -> None:
    assert index.search("invoice", None, 3) == index.search("invoice invoice INVOICES", None, 3)


def test_at_most_k_come_back_best_first(index: Bm25Index) -> None:
    found = index.search("return parcel invoice customs", None, 2)
    assert len(found) == 2
    assert found[0][1] >= found[1][1]
    assert index.search("return", None, 0) == []


def test_passages_that_score_the_same_keep_their_order() -> None:
    twins = [passage(f"p{n}", "", "return it") for n in range(20)]
    assert [id for id, _ in index_of(*twins).search("return", None, 20)] == [twin.id for twin in twins]


def test_a_query_is_mended_with_the_words_of_the_passages() -> None:
    index = index_of(*ALL, known=frozenset({"costume"}))
    assert index.mended("retrun my parsel, costume") == "return my parcel, costume"


def test_nothing_is_mended_when_nobody_knows_what_a_word_is() -> None:
    part = Bm25Part()
    assert part.load(part.build(ALL)).mended("retrun my parsel") == "retrun my parsel"


def test_building_and_loading_say_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        index_of(*ALL).search("return", None, 5)
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name.startswith("bm25s")] == []


def test_a_file_that_is_no_index_is_refused() -> None:
    with pytest.raises(IndexDamaged):
        Bm25Part().load({FILE: b"PK\x03\x04 no archive"})


def test_threads_that_search_at_once_find_the_same(index: Bm25Index) -> None:
    queries = ["returned parcels", "customs fees", "invoices mailed", "退货", "会员 iPhone"] * 8
    alone = [index.search(query, None, 5) for query in queries]
    together: list[list[tuple[str, float]]] = [[] for _ in queries]

    def search(n: int) -> None:
        together[n] = index.search(queries[n], None, 5)

    threads = [threading.Thread(target=search, args=(n,)) for n in range(len(queries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


# ── two languages ──

MORE_ZH = [passage(f"页{n}", "关于 VAT 的问题", "VAT 发票 customs " * (n + 1), "zh") for n in range(40)]
MORE_EN = [passage(f"page {n}", "parcel", "A parcel 退货 and its customs fees. " * (n + 1)) for n in range(40)]


@pytest.mark.parametrize(("query", "own", "added"), [("customs fees", "en", MORE_ZH), ("怎么退货", "zh", MORE_EN)])
def test_what_is_added_in_one_language_changes_nothing_in_the_other(query: str, own: str, added: list[Passage]) -> None:
    few = [one for one in ALL if one.language == own]
    before = index_of(*few).search(query, None, 10)
    after = index_of(*few, *added).search(query, None, 100)
    assert before
    assert after[: len(before)] == before


def test_passages_in_the_querys_language_come_before_all_others() -> None:
    found = index_of(*MORE_ZH, CUSTOMS).search("customs VAT", None, 5)
    assert found[0][0] == CUSTOMS.id
    assert len(found) == 5


def test_an_index_of_before_the_languages_were_counted_apart_is_still_read() -> None:
    part = Bm25Part()
    with np.load(io.BytesIO(part.build([RETURNS, CUSTOMS])[FILE])) as stored:
        about = json.loads(stored["about"].tobytes())
        old: dict[str, Any] = {name: stored[f"latin.{name}"] for name in ("data", "indices", "indptr")}
    old["about"] = np.frombuffer(json.dumps({**about["shelves"]["latin"], "words": about["words"]}).encode(), np.uint8)
    np.savez(buffer := io.BytesIO(), allow_pickle=False, **old)
    assert part.load({FILE: buffer.getvalue()}).search("customs", None, 5)[0][0] == CUSTOMS.id


@pytest.mark.parametrize("k", [1, 5, 29, 30, 31])
def test_of_passages_that_score_alike_the_first_ones_are_told_after_better_ones(k: int) -> None:
    alike = [passage(f"alike{n}", "Parcel?", "The parcel is on its way to you.") for n in range(29)]
    better = passage("better", "Parcel? Parcel!", "Parcel.")
    found = index_of(*alike, better).search("parcel", None, k)
    assert [id for id, _ in found] == [better.id, *(one.id for one in alike)][:k]
