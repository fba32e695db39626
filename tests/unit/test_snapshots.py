"""A snapshot and the events since always make the newest state: in Python, out of the database's rows, and on the page.

Whatever changes a conversation is tried from every stage it can be in; a method of Conversation without a case here
fails, because every page that watches a conversation rests on this.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from inspect import isfunction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import pytest

from bot.adapters.rows import as_conversation, as_event, conversation_row, event_row
from bot.conversation import WINDOW, Author, Conversation, Event, Evidence, Kind, Reason, Status
from bot.desk import Row
from bot.errors import Conflict, Refused
from bot.knowledge import Citation
from bot.web import agent_wire

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
AT = datetime(2026, 1, 5, 10, 30, 0, 250_000, tzinfo=UTC)
HOSTILE = "‮ 🤷🏽‍♀️ <b>'\"\\ 退货 \u2028 %s __proto__"
CITATION = Citation(1, "faqs/returns.md", "p1", "How do I return it?", "Within 30 days.", "/returns", 0.8123)
EVIDENCE = Evidence("q", "q", "answer", "generated")
GONE = {"passage": "p1", "retired_at": "2026-01-05T09:30:00+00:00", "told": 2}
NEW = Conversation("c1", "visitor:7f3a", "e1", page="/p?a=1", created_at=START)
Move = Callable[[Conversation], Conversation]


def _unanswered(c: Conversation) -> int:
    return c.unanswered[0].seq if c.unanswered else 0


MOVES: Mapping[str, tuple[Move, ...]] = {
    "said": (
        lambda c: c.said("Where is my order now?", sender="s1", cid=f"m{c.head}", at=AT),
        lambda c: c.said(HOSTILE, sender="s1", cid=f"m{c.head}", at=AT),
        lambda c: c.said("退" * 300, sender="s1", cid=f"m{c.head}", at=AT),
        lambda c: c.said("🤷" * 199 + "ab", sender="s1", cid="", at=AT.astimezone(timezone(timedelta(hours=9)))),
    ),
    "said_by_agent": (
        lambda c: c.said_by_agent(HOSTILE, agent="a1", name="Ana", cid="x1", at=AT, citations=(CITATION,)),
        lambda c: c.said_by_agent("x" * 201, agent="a1", name="Ana", cid="x1", at=AT),
    ),
    "corrected": (
        lambda c: c.corrected(HOSTILE, GONE, agent="a2", name="Ben", cid="k1", at=AT, citations=(CITATION,)),
        lambda c: c.corrected("x" * 201, GONE, agent="a1", name="Ana", cid="k2", at=AT),
    ),
    "replied": (
        lambda c: c.replied("Thus.", answers=_unanswered(c), at=AT, citations=(CITATION,), evidence=EVIDENCE),
        lambda c: c.replied("This?", answers=_unanswered(c), at=AT, options=("a", "b"), data={"source": "canned"}),
    ),
    "handed_off": (
        *(lambda c, reason=reason: c.handed_off(reason, at=AT, text="A colleague will help.") for reason in Reason),
        lambda c: c.handed_off(Reason.ASKED, at=AT, sender="s1", cid="h1", data={"offer": "email", "position": 3}),
        lambda c: c.handed_off(Reason.FAILURE, at=AT, answers=_unanswered(c) or None, evidence=EVIDENCE),
    ),
    "claimed": (
        lambda c: c.claimed("a1", "Ana", at=AT, text="Ana is here."),
        lambda c: c.claimed("a2", HOSTILE, at=AT),
    ),
    "transferred": (
        lambda c: c.transferred("a2", "Ben", at=AT, text="Ben will help.", note=HOSTILE),
        lambda c: c.transferred("a3", "Cho", at=AT, by="a1"),
    ),
    "requeued": (
        lambda c: c.requeued("silent", at=AT, text="Somebody else will help."),
        lambda c: c.requeued("transfer", at=AT, note=HOSTILE, by="a1"),
    ),
    "returned": (lambda c: c.returned(at=AT, text="The bot helps again."),),
    "closed": (
        lambda c: c.closed(at=AT, name="Ana"),
        lambda c: c.closed(at=AT, text="Good-bye.", author=Author.CUSTOMER),
    ),
    "delayed": (lambda c: c.delayed(at=AT, text="It takes longer."),),
    "email_left": (lambda c: c.email_left("mia@example.com", sender="s1", cid="e1", at=AT, text="Thank you."),),
    "noted": (lambda c: c.noted(HOSTILE, agent="a2", name="Ben", cid="n1", at=AT),),
    "tagged": (
        lambda c: c.tagged(["late", 'a"b', "退货"], agent="a2", name="Ben", cid="t1", at=AT),
        lambda c: c.tagged([], agent="a2", name="Ben", cid="t2", at=AT),
    ),
    "rated": (
        lambda c: c.rated(5, sender="s1", cid="r1", at=AT, comment=HOSTILE),
        lambda c: c.rated(1, sender="s1", cid="r2", at=AT, about=1, comment="no"),
    ),
}


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


STEPS: Mapping[str, Move] = {
    "asks": lambda c: c.said("Where is my order?", sender="s1", cid="m", at=_at(1)),
    "asks-in-chinese": lambda c: c.said("退货怎么办", sender="s1", cid="m", at=_at(1)),
    "is-answered": lambda c: c.replied("Thus.", answers=1, at=_at(2)),
    "waits": lambda c: c.handed_off(Reason.ANGRY, at=_at(2)),
    "is-told": lambda c: c.delayed(at=_at(3)),
    "leaves-address": lambda c: c.email_left("m@example.com", sender="s1", cid="e", at=_at(3)),
    "is-claimed": lambda c: c.claimed("a1", "Ana", at=_at(3)),
    "agent-answers": lambda c: c.said_by_agent("Here.", agent="a1", name="Ana", cid="a", at=_at(4)),
    "is-tagged": lambda c: c.tagged(["late"], agent="a1", name="Ana", cid="t", at=_at(4)),
    "is-put-back": lambda c: c.requeued("silent", at=_at(5)),
    "is-closed": lambda c: c.closed(at=_at(6)),
    "is-rated": lambda c: c.rated(2, sender="s1", cid="r", at=_at(7)),
}


def _course(*steps: str) -> Conversation:
    """One after another, as they were committed."""
    talk = NEW
    for step in steps:
        talk = replace(STEPS[step](talk), fresh=())
    return talk


STAGES: Mapping[str, Conversation] = {
    "new": NEW,
    "asked": _course("asks"),
    "asked-in-chinese": _course("asks-in-chinese"),
    "long": _course(*["asks"] * (WINDOW + 3)),
    "answered": _course("asks", "is-answered"),
    "waiting": _course("asks", "waits"),
    "waiting-told": _course("asks", "waits", "is-told", "leaves-address"),
    "held-owed": _course("asks", "waits", "is-claimed"),
    "held-answered": _course("asks", "is-claimed", "agent-answers", "is-tagged"),
    "held-owed-again": _course("asks", "is-claimed", "agent-answers", "asks"),
    "back-in-line": _course("asks", "waits", "is-claimed", "is-put-back"),
    "closed": _course("asks", "waits", "is-claimed", "is-tagged", "leaves-address", "is-closed", "is-rated"),
}


@dataclass(frozen=True)
class Case:
    method: str
    name: str
    before: Conversation
    after: Conversation  # with what the move added in `fresh`


def _cases() -> Iterator[Case]:
    for (name, moves), (stage, before) in ((m, s) for m in MOVES.items() for s in STAGES.items()):
        for n, move in enumerate(moves):
            try:
                after = move(before)
            except (Conflict, Refused):
                continue
            if after.fresh:
                yield Case(name, f"{name} {n}, {stage}", before, after)


CASES = list(_cases())
of_each_method = pytest.mark.parametrize("cases", [[case for case in CASES if case.method == name] for name in MOVES],
                                         ids=list(MOVES))  # fmt: skip


def test_every_method_that_changes_a_conversation_has_its_cases() -> None:
    public = {name: method for name, method in vars(Conversation).items() if isfunction(method) and name[0] != "_"}
    changing = {name for name, method in public.items() if get_type_hints(method).get("return") is Conversation}
    assert changing - {"after"} == set(MOVES)  # `after` is what puts the events on
    assert {case.method for case in CASES} == set(MOVES)


def test_every_kind_of_event_is_among_the_cases_and_every_status_before_and_after() -> None:
    assert {event.kind for case in CASES for event in case.after.fresh} == set(Kind)
    assert {case.before.status for case in CASES} == {case.after.status for case in CASES} == set(Status)


@of_each_method
def test_the_events_put_on_the_state_before_make_the_state_after(cases: Sequence[Case]) -> None:
    for case in cases:
        assert reduce(Conversation.after, case.after.fresh, case.before) == replace(case.after, fresh=()), case.name


@of_each_method
def test_the_positions_of_the_events_go_on_without_a_hole(cases: Sequence[Case]) -> None:
    for case in cases:
        expected = range(case.before.head + 1, case.after.head + 1)
        assert [event.seq for event in case.after.fresh] == list(expected), case.name


# ── through the rows of the database ──


def _stored(c: Conversation) -> Conversation:
    """As a store gives it back: JSON columns were JSON meanwhile, and times come back in UTC."""
    row = {name: _kept(value) for name, value in conversation_row(c).items()}
    return as_conversation(SimpleNamespace(**row, created_at=c.created_at), tuple(map(_stored_event, c.events)))  # type: ignore[arg-type]


def _stored_event(event: Event) -> Event:
    row = {name: _kept(value) for name, value in event_row("c1", event).items()}
    return as_event(SimpleNamespace(**row))  # type: ignore[arg-type]


def _kept(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return json.loads(json.dumps(value)) if isinstance(value, dict | list) else value


@of_each_method
def test_what_was_stored_is_the_same_conversation(cases: Sequence[Case]) -> None:
    for case in cases:
        for state in (case.before, replace(case.after, fresh=())):
            assert _stored(state) == state, case.name


@of_each_method
def test_stored_events_put_on_the_stored_state_make_the_stored_state_after(cases: Sequence[Case]) -> None:
    for case in cases:
        events = map(_stored_event, case.after.fresh)
        stored = _stored(replace(case.after, fresh=()))
        assert reduce(Conversation.after, events, _stored(case.before)) == stored, case.name


# ── on the agents' page ──

Folded = Mapping[str, tuple[dict[str, Any], ...]]
DETAIL = Path(__file__).parents[2] / "bot/web/static/detail.js"
OF_THE_FEED = {"seq", "queue_at"}  # a place in the feed or in line depends on other conversations: the feed brings it
PROGRAM = f"""
import {{ rowAfter }} from {json.dumps(DETAIL.as_uri())};
let text = "";
for await (const part of process.stdin.setEncoding("utf8")) text += part;
const deepFrozen = (value) => {{
  if (value && typeof value === "object") Object.values(Object.freeze(value)).forEach(deepFrozen);
  return value;
}};
const folded = ({{ before, events }}) => deepFrozen(events).reduce(rowAfter, deepFrozen(before));
process.stdout.write(JSON.stringify(JSON.parse(text).map((action) => [folded(action), twice(action)])));
function twice(action) {{ return folded({{ before: folded(action), events: action.events }}); }}
"""


def _row(c: Conversation) -> dict[str, Any]:
    updated_at = c.events[-1].at if c.events else START
    return agent_wire.row_of(Row(replace(c, events=(), fresh=()), c.head, updated_at))


def _action(case: Case, agent: str) -> dict[str, Any]:
    events = [agent_wire.event("c1", event, agent) for event in case.after.fresh]
    return {"before": _row(case.before), "events": events, "after": _row(case.after)}


@pytest.fixture(scope="module")
def folded() -> Folded:
    """By case: the server's row after it, and what the page makes of the row before and the events, once and twice."""
    node = shutil.which("node")
    assert node, "Node 20 or newer is needed for the tests of the browser's modules"
    actions = [_action(case, "a1") for case in CASES]
    command = [node, "--input-type=module", "--eval", PROGRAM]
    done = subprocess.run(command, input=json.dumps(actions), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return {case.name: (action["after"], *rows) for case, action, rows in zip(CASES, actions, made, strict=True)}


@of_each_method
def test_the_page_makes_the_same_row_of_the_events_as_the_server(folded: Folded, cases: Sequence[Case]) -> None:
    for case in cases:
        fresh, once, twice = folded[case.name]
        assert once | {name: fresh[name] for name in OF_THE_FEED} == fresh, case.name
        assert twice == once, f"{case.name}: events that come again change nothing"
