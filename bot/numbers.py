"""Engagements → the figures of a period, beside those of the period before. Pure: the clock and the zone are given.

A figure belongs to the period in which its conversation began, so that every rate is a share of the same
conversations. Where there is nothing to measure it is None, never 0.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from statistics import median

from bot.engagements import RETURN, Engagement
from bot.metrics import percentile

PERIODS = (7, 30, 90)  # days

Key = tuple[str, datetime]  # of an engagement: its conversation and its start

DEFINITIONS: Mapping[str, str] = {
    "conversations": "Conversations that began in the period: a customer wrote, or asked for a person, for the first "
    "time, after a close, or after 24 hours of silence with the bot.",
    "handled_by_bot": "Conversations in which the bot replied and that never went to people: no hand-off, no agent.",
    "auto_resolved": "Conversations handled by the bot that ended (closed, or silent for 24 hours) with an answer from "
    "the knowledge base, no question left open, no thumbs down and no rating of 1 or 2.",
    "auto_resolved_rate": "Auto-resolved conversations as a share of those that are decided: closed, silent for 24 "
    "hours, handed off or taken by an agent.",
    "durable": "Auto-resolved conversations whose customer did not come back, here or in another conversation, within "
    "7 days.",
    "durable_rate": "Durable resolutions as a share of the decided conversations that ended at least 7 days ago; newer "
    "ones cannot be measured yet and are left out.",
    "handoffs": "Conversations that were handed off to people at least once, whoever asked for it.",
    "reasons": "Hand-offs by reason; a conversation that was handed off twice counts for both.",
    "first_response_s": "Time from a hand-off to the first message of an agent, nights and holidays included; "
    "hand-offs without one are left out.",
    "waiting_s": "Time from a hand-off until an agent claims the conversation, nights and holidays included; hand-offs "
    "that nobody claimed are left out.",
    "reopened": "Conversations that were closed and in which the customer wrote again.",
    "reopen_rate": "Reopened conversations as a share of the closed ones.",
    "csat_bot": "Mean of the customers' ratings (1 to 5, the last one of each conversation) of conversations that no "
    "agent took part in.",
    "csat_human": "Mean of the customers' ratings (1 to 5, the last one of each conversation) of conversations that an "
    "agent took part in.",
    "thumbs_up": "Bot replies that the customer marked as helpful.",
    "thumbs_down": "Bot replies that the customer marked as not helpful.",
    "questions": "Questions that the bot looked up in the knowledge base: answered and unanswered ones; small talk and "
    "calls for a person are none.",
    "answered": "Questions answered from a passage, without a thumbs down.",
    "unanswered": 'Questions that ended in a hand-off because nothing fitted, in "did you mean", or in a thumbs down.',
    "agents": "Conversations an agent claimed, was given or wrote in; replies are the messages they wrote; a rating "
    "counts for the agent who wrote last.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """Of `n` durations in seconds."""

    median: float | None
    p95: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Mean:
    mean: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Figures:
    conversations: int
    handled_by_bot: int
    handled_by_bot_rate: float | None
    auto_resolved: int
    auto_resolved_rate: float | None
    durable: int
    durable_rate: float | None
    handoffs: int
    handoff_rate: float | None
    first_response_s: Spread
    waiting_s: Spread
    reopened: int
    reopen_rate: float | None
    csat_bot: Mean
    csat_human: Mean
    thumbs_up: int
    thumbs_down: int
    questions: int
    answered: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Day:
    day: str
    conversations: int = 0
    handed_off: int = 0
    answered: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class AgentFigures:
    id: str
    name: str
    conversations: int
    replies: int
    first_response_s_median: float | None
    csat: float | None
    csat_n: int


@dataclass(frozen=True, slots=True)
class Numbers:
    days: int
    since: datetime
    until: datetime
    language: str
    now: Figures
    before: Figures
    series: Sequence[Day]
    reasons: Mapping[str, int]
    agents: Sequence[AgentFigures]
    definitions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Period:
    since: datetime
    until: datetime

    def holds(self, engagement: Engagement) -> bool:
        return self.since <= engagement.start < self.until


def period(now: datetime, days: int, zone: tzinfo) -> Period:
    """The last `days` days by the shop's clock, today included."""
    today = now.astimezone(zone).date()
    return Period(_midnight(today - timedelta(days=days - 1), zone), now.astimezone(UTC))


def before(this: Period, days: int, zone: tzinfo) -> Period:
    """As many days earlier, up to the same time of day: half a day must not be compared with a whole one."""
    return Period(*(_earlier(moment, days, zone) for moment in (this.since, this.until)))


def numbers(
    engagements: Iterable[Engagement], *, days: int, now: datetime, zone: tzinfo, language: str = ""
) -> Numbers:
    """The figures of everything that began in the period and, for comparison, before it."""
    everything = sorted(engagements, key=lambda one: (one.start, one.conversation))
    spoken = [one for one in everything if language in ("", one.language)]
    this = period(now, days, zone)
    earlier = before(this, days, zone)
    ours = [one for one in spoken if this.holds(one)]
    # Whoever comes back in another language has come back.
    returned = _returned(everything)
    return Numbers(
        days, this.since.astimezone(zone), this.until.astimezone(zone), language,
        now=_figures(ours, returned, now),
        before=_figures([one for one in spoken if earlier.holds(one)], returned, now),
        series=_series(ours, this, zone),
        reasons=dict(Counter(reason for one in ours for reason in one.reasons).most_common()),
        agents=_agents(ours),
        definitions=dict(DEFINITIONS),
    )  # fmt: skip


def _midnight(day: date, zone: tzinfo) -> datetime:
    # In UTC: two times of one zone are compared by the wall clock, which shows an hour twice in autumn.
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _earlier(moment: datetime, days: int, zone: tzinfo) -> datetime:
    return (moment.astimezone(zone) - timedelta(days=days)).astimezone(UTC)


# ── figures ──


def _figures(ours: Sequence[Engagement], returned: frozenset[Key], now: datetime) -> Figures:
    decided = [one for one in ours if one.is_decided(now)]
    settled = [one for one in decided if now - one.end >= RETURN]
    resolved = [one for one in ours if one.is_auto_resolved(now)]
    durable = [one for one in settled if one.is_auto_resolved(now) and _key(one) not in returned]
    by_bot = sum(one.is_bots for one in ours)
    handoffs = sum(bool(one.reasons) for one in ours)
    closed, reopened = sum(one.is_closed for one in ours), sum(one.is_reopened for one in ours)
    answered = [question.is_answered for one in ours for question in one.questions]
    return Figures(
        len(ours),
        by_bot, _rate(by_bot, len(ours)),
        len(resolved), _rate(len(resolved), len(decided)),
        len(durable), _rate(len(durable), len(settled)),
        handoffs, _rate(handoffs, len(ours)),
        first_response_s=_spread([response.seconds for one in ours for response in one.responses]),
        waiting_s=_spread([wait for one in ours for wait in one.waits]),
        reopened=reopened, reopen_rate=_rate(reopened, closed),
        csat_bot=_mean([one.csat for one in ours if not one.has_agent]),
        csat_human=_mean([one.csat for one in ours if one.has_agent]),
        thumbs_up=sum(one.thumbs_up for one in ours),
        thumbs_down=sum(one.thumbs_down for one in ours),
        questions=len(answered), answered=sum(answered), unanswered=len(answered) - sum(answered),
    )  # fmt: skip


def _key(one: Engagement) -> Key:
    return one.conversation, one.start


def _returned(everything: Sequence[Engagement]) -> frozenset[Key]:
    """Those whose customer began another one, here or elsewhere, within RETURN of their end."""
    starts: dict[str, list[datetime]] = defaultdict(list)
    for one in everything:
        starts[one.customer or one.conversation].append(one.start)
    return frozenset(_key(one) for one in everything if _is_followed(one, starts[one.customer or one.conversation]))


def _is_followed(one: Engagement, starts: Sequence[datetime]) -> bool:
    later = bisect_right(starts, one.end)
    return later < len(starts) and starts[later] - one.end <= RETURN


def _rate(n: int, of: int) -> float | None:
    return n / of if of else None


def _spread(seconds: Sequence[float]) -> Spread:
    if not seconds:
        return Spread(None, None, 0)
    return Spread(round(median(seconds), 1), round(percentile(seconds, 0.95), 1), len(seconds))


def _mean(scores: Iterable[int | None]) -> Mean:
    given = [score for score in scores if score is not None]
    return Mean(round(sum(given) / len(given), 2) if given else None, len(given))


# ── by day, by agent ──


def _series(ours: Sequence[Engagement], this: Period, zone: tzinfo) -> list[Day]:
    """Every day of the period by the shop's clock; a question stands on the day it was asked."""
    began = Counter(_day(one.start, zone) for one in ours)
    handed_off = Counter(_day(one.start, zone) for one in ours if one.reasons)
    asked = Counter((_day(q.at, zone), q.is_answered) for one in ours for q in one.questions)
    first, last = this.since.astimezone(zone).date(), this.until.astimezone(zone).date()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [Day(str(day), began[day], handed_off[day], asked[day, True], asked[day, False]) for day in days]


def _day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()


def _agents(ours: Sequence[Engagement]) -> list[AgentFigures]:
    names = {id: name for one in ours for id, name in one.names.items() if id}
    figures = [_agent(id, name or id, [one for one in ours if id in one.names]) for id, name in names.items()]
    return sorted(figures, key=lambda agent: (-agent.conversations, agent.name, agent.id))


def _agent(id: str, name: str, theirs: Sequence[Engagement]) -> AgentFigures:
    firsts = [response.seconds for one in theirs for response in one.responses if response.agent == id]
    csat = _mean([one.csat for one in theirs if one.last_agent == id])
    replies = sum(one.replies.get(id, 0) for one in theirs)
    return AgentFigures(id, name, len(theirs), replies, _spread(firsts).median, csat.mean, csat.n)
