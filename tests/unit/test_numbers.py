import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.numbers import DEFINITIONS, Figures, Mean, Numbers, Spread, before, numbers, period
from tests.history import History

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def began(days_ago: float, id: str = "c1", customer: str = "", language: str = "en") -> History:
    """A conversation that begins `days_ago` days and 10 seconds of History's clock before NOW."""
    return History(id, customer or f"customer of {id}", language, NOW - timedelta(days=days_ago))


def counted(*histories: History, days: int = 30, language: str = "", zone: ZoneInfo = BERLIN) -> Numbers:
    everything = [one for history in histories for one in history.all()]
    return numbers(everything, days=days, now=NOW, zone=zone, language=language)


def now(*histories: History) -> Figures:
    return counted(*histories).now


def test_nothing_happened_and_nothing_is_zero_percent() -> None:
    empty = Figures(
        0, 0, None, 0, None, 0, None, 0, None, Spread(None, None, 0), Spread(None, None, 0), 0, None,
        Mean(None, 0), Mean(None, 0), 0, 0, 0, 0, 0,
    )  # fmt: skip
    result = counted()
    assert (result.now, result.before) == (empty, empty)
    assert (result.reasons, result.agents) == ({}, [])
    assert len(result.series) == 30
    assert not any((day.conversations, day.answered) != (0, 0) for day in result.series)


def test_the_shape_is_what_the_page_reads() -> None:
    result = asdict(counted(began(2).asks().hands_off().claims().agent()))
    assert list(result) == [
        "days", "since", "until", "language", "now", "before", "series", "reasons", "agents", "definitions",
    ]  # fmt: skip
    assert list(result["series"][0]) == ["day", "conversations", "handed_off", "answered", "unanswered"]
    assert list(result["agents"][0]) == [
        "id", "name", "conversations", "replies", "first_response_s_median", "csat", "csat_n",
    ]  # fmt: skip
    json.dumps({**result, "since": "", "until": ""}, allow_nan=False)
    explained = {key.removesuffix("_rate").removesuffix("_s") for key in result["now"]}
    defined = {key.removesuffix("_rate").removesuffix("_s") for key in DEFINITIONS}
    assert explained - {"handoff"} <= defined
    assert all(sentence.endswith(".") for sentence in DEFINITIONS.values())


def test_handled_and_handed_off_are_shares_of_all() -> None:
    figures = now(
        began(9, "c1").asks().bot(),
        began(9, "c2").asks().bot().asks().hands_off(),
        began(9, "c3").asks().hands_off().claims().agent().returns().asks().hands_off("angry"),
        began(9, "c4").asks(),
    )
    assert (figures.conversations, figures.handled_by_bot, figures.handled_by_bot_rate) == (4, 1, 0.25)
    assert (figures.handoffs, figures.handoff_rate) == (2, 0.5)


def test_reasons_count_every_hand_off_commonest_first() -> None:
    result = counted(
        began(9, "c1").asks().hands_off("angry"),
        began(9, "c2").asks().hands_off().claims().returns().asks().hands_off("failure"),
        began(9, "c3").asks().hands_off(),
    )
    assert list(result.reasons.items()) == [("no_answer", 2), ("angry", 1), ("failure", 1)]


def test_auto_resolved_is_a_share_of_what_is_decided() -> None:
    figures = now(
        began(9, "c1").asks().bot(),
        began(9, "c2").asks().bot("clarify"),
        began(9, "c3").asks().hands_off(),
        began(0.5, "c4").asks().bot(),  # half a day ago: who knows
        began(0.5, "c5").asks().bot().closes(),
    )
    assert (figures.auto_resolved, figures.auto_resolved_rate) == (2, 2 / 4)


def test_durable_means_that_the_customer_did_not_come_back_within_seven_days() -> None:
    figures = now(
        began(20, "c1", "ann").asks().bot(),  # came back after 5 days, elsewhere
        began(15, "c2", "ann").asks().bot(),  # came back after 7 days, to the second: too soon
        began(8, "c3", "ann").asks(after=20).bot(),
        began(20, "c4", "bob").asks().bot().asks(after=8 * 86_400).bot(),  # came back after 8 days, here
        began(20, "c5", "cid").asks().hands_off(),
        began(6, "c6", "dan").asks().bot(),  # cannot be measured yet
    )
    # Measured are c1, c2, c3 (ended 8 days ago), c4 twice and c5; durable are c3 and both of c4.
    assert (figures.conversations, figures.durable, figures.durable_rate) == (7, 3, 3 / 6)
    assert now(began(6).asks().bot()).durable_rate is None


def test_coming_back_in_another_language_is_coming_back() -> None:
    histories = began(20, "c1", "ann").asks().bot(), began(18, "c2", "ann", "zh").asks().bot()
    assert counted(*histories, language="en").now.durable == 0
    assert counted(*histories, language="zh").now.durable == 1


def test_customers_without_a_name_are_not_one_customer() -> None:
    histories = began(20, "c1").asks().bot(), began(18, "c2").asks().bot()
    for history in histories:
        history.facts = [type(fact)(**{**asdict(fact), "customer": ""}) for fact in history.facts]
    assert now(*histories).durable == 2


def test_reopened_is_a_share_of_the_closed() -> None:
    figures = now(
        began(9, "c1").asks().bot().closes().reopens().bot().closes(),
        began(9, "c2").asks().bot().closes().rates(5),
        began(9, "c3").asks().bot(),
    )
    assert (figures.conversations, figures.reopened, figures.reopen_rate) == (4, 1, 1 / 3)


def test_times_are_medians_and_nearest_rank_percentiles() -> None:
    waited = (10, 20, 30, 1_000)
    figures = now(*(began(9, f"c{n}").asks().hands_off().claims(after=n).agent(after=5) for n in waited))
    assert figures.waiting_s == Spread(25.0, 1_000.0, 4)
    assert figures.first_response_s == Spread(30.0, 1_005.0, 4)


def test_ratings_of_the_bot_and_of_people_are_kept_apart() -> None:
    figures = now(
        began(9, "c1").asks().bot().rates(5),
        began(9, "c2").asks().bot().rates(2),
        began(9, "c3").asks().hands_off().closes().rates(1),  # nobody came: not an agent's rating
        began(9, "c4").asks().hands_off().claims().agent().closes().rates(4),
        began(9, "c5").asks().bot().claims().agent().closes(),
    )
    assert figures.csat_bot == Mean(2.67, 3)
    assert figures.csat_human == Mean(4.0, 1)


def test_thumbs_and_questions_are_added_up() -> None:
    figures = now(
        began(9, "c1").asks().bot().rates(5, about=2).asks().bot().rates(1, about=5),
        began(9, "c2").asks().bot("clarify").asks().bot("canned").asks().hands_off(),
    )
    assert (figures.thumbs_up, figures.thumbs_down) == (1, 1)
    assert (figures.questions, figures.answered, figures.unanswered) == (4, 1, 3)


def test_one_language_is_counted_when_one_is_asked_for() -> None:
    histories = began(9, "c1").asks().bot(), began(9, "c2", language="zh").asks().hands_off()
    assert counted(*histories).now.conversations == 2
    result = counted(*histories, language="zh")
    assert (result.language, result.now.conversations, result.now.handoffs) == ("zh", 1, 1)
    assert sum(day.conversations for day in result.series) == 1


# ── periods and days ──


def test_a_period_is_so_many_days_by_the_shops_clock_today_included() -> None:
    this = period(NOW, 7, BERLIN)
    assert this.since == datetime(2026, 3, 24, 23, tzinfo=UTC)  # midnight in Berlin, before the clocks change
    earlier = before(this, 7, BERLIN)
    assert earlier.since == datetime(2026, 3, 17, 23, tzinfo=UTC)
    assert earlier.until == datetime(2026, 3, 24, 13, tzinfo=UTC)  # 14:00 there, as it is now
    result = counted(days=7)
    assert (result.since.isoformat(), result.until.isoformat()) == (
        "2026-03-25T00:00:00+01:00", "2026-03-31T14:00:00+02:00",
    )  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Pacific/Apia"])
@pytest.mark.parametrize("days", [7, 30, 90])
def test_the_series_has_a_row_for_each_day(zone: str, days: int) -> None:
    series = counted(days=days, zone=ZoneInfo(zone)).series
    assert len({day.day for day in series}) == days
    assert series[-1].day == str(NOW.astimezone(ZoneInfo(zone)).date())
    assert [day.day for day in series] == sorted(day.day for day in series)


def test_what_began_before_the_period_belongs_to_the_one_before() -> None:
    midnight = period(NOW, 7, BERLIN).since
    late, early = (History(id, id, at=midnight - timedelta(seconds=s)) for id, s in (("c1", 10), ("c2", 11)))
    result = counted(late.asks().bot(), early.asks().bot().asks().hands_off(), days=7)
    assert (result.now.conversations, result.now.handoffs) == (1, 0)
    assert (result.before.conversations, result.before.handoffs) == (0, 0)  # 14:00 of the last day is its end
    noon = History("c3", at=midnight - timedelta(hours=12)).asks().hands_off()
    assert counted(noon, days=7).before.handoffs == 1
    assert counted(began(20).asks(), days=7).before.conversations == 0


def test_days_are_the_shops_and_questions_stand_on_their_own_day() -> None:
    evening = History("c1", at=datetime(2026, 3, 27, 22, 30, tzinfo=UTC))  # 23:30 in Berlin
    evening.asks().bot().asks(after=3_600).bot("clarify").asks().hands_off()
    rows = {day.day: day for day in counted(evening, days=7).series}
    friday, saturday = rows["2026-03-27"], rows["2026-03-28"]
    assert (friday.conversations, friday.handed_off, friday.answered, friday.unanswered) == (1, 1, 1, 0)
    assert (saturday.conversations, saturday.handed_off, saturday.answered, saturday.unanswered) == (0, 0, 0, 2)


# ── agents ──


def test_agents_are_counted_for_what_they_did_themselves() -> None:
    result = counted(
        began(9, "c1").asks().hands_off().claims("a1", after=20).agent("a1").agent("a1").closes().rates(5),
        began(9, "c2").asks().hands_off().claims("a1").claims("a2").agent("a2", after=30).closes().rates(2),
        began(9, "c3").asks().hands_off().claims("a2").closes(),
        began(9, "c4").asks().bot(),
    )
    rows = [(a.id, a.name, a.conversations, a.replies, a.first_response_s_median) for a in result.agents]
    assert rows == [("a1", "A1", 2, 2, 30.0), ("a2", "A2", 2, 1, 50.0)]
    assert [(agent.csat, agent.csat_n) for agent in result.agents] == [(5.0, 1), (2.0, 1)]


def test_an_agent_who_only_claimed_has_no_response_time_and_no_rating() -> None:
    (agent,) = counted(began(9).asks().hands_off().claims().closes()).agents
    assert (agent.replies, agent.first_response_s_median, agent.csat, agent.csat_n) == (0, None, None, 0)
