"""Frames in and out: every field bounded before anything else sees it, nothing private in what leaves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Author, Event, Evidence, Kind, Status
from bot.errors import (
    Conflict,
    DeadlineExceeded,
    NoIndex,
    NotFound,
    Refused,
    StorageBroken,
    StorageFull,
    TooLarge,
    Unavailable,
)
from bot.events import INTERNAL
from bot.hub import Draft, Place, Typing
from bot.knowledge import Citation
from bot.web import wire
from bot.web.wire import CLOSE, Malformed, Position, parse
from tests.fakes import AT

CITATION = Citation(1, "faqs/returns.md#how", "p1", "How?", "Within 30 days.", "/returns", 0.8123)


def frame(type: str, **fields: Any) -> str:
    return json.dumps({"type": type, **fields})


def send(**changes: Any) -> str:
    return frame("send", **({"id": "1", "conversation": "c1", "cid": "m1", "text": "hello"} | changes))


# ── what comes in ──


READ = [
    (frame("hello", ticket="t"), wire.Hello("t", ())),
    (
        frame("hello", ticket="t", client="widget", resume=[{"conversation": "c1", "epoch": "e", "seq": 3}]),
        wire.Hello("t", (Position("c1", "e", 3),)),
    ),
    (frame("hello", ticket="t", resume=[{"conversation": "c1"}]), wire.Hello("t", (Position("c1", "", 0),))),
    (send(), wire.Send("1", "c1", "m1", "hello")),
    (send(reply_to=3, made_up={"a": 1}), wire.Send("1", "c1", "m1", "hello")),
    (send(text="退货 🤷🏽‍♀️\n"), wire.Send("1", "c1", "m1", "退货 🤷🏽‍♀️\n")),
    (frame("sync", id="1", conversation="c1", since=0), wire.Sync("1", "c1", "", 0, 100)),
    (
        frame("sync", id="1", conversation="c1", epoch="e", since=7, limit=20),
        wire.Sync("1", "c1", "e", 7, 20),
    ),
    (frame("read", conversation="c1", seq=4), wire.Read("c1", 4)),
    (frame("typing", conversation="c1", on=True), wire.TypingOn("c1", True)),
    (frame("rate", id="1", conversation="c1", score=5), wire.Rate("1", "c1", "1", 5, None, "")),
    (
        frame("rate", id="1", conversation="c1", cid="r", score=1, seq=2, comment="no"),
        wire.Rate("1", "c1", "r", 1, 2, "no"),
    ),
    (frame("handoff", id="1", conversation="c1", cid="h"), wire.AskPerson("1", "c1", "h")),
    (
        frame("email", id="1", conversation="c1", cid="e", email="a@b.example"),
        wire.LeaveEmail("1", "c1", "e", "a@b.example"),
    ),
    (frame("close", id="1", conversation="c1", cid="x"), wire.End("1", "c1", "x")),
    (frame("pong", n=3), wire.Pong(3)),
]


@pytest.mark.parametrize(("raw", "parsed"), READ)
def test_each_type_of_frame_is_read(raw: str, parsed: wire.Frame) -> None:
    assert parse(raw) == parsed


def test_every_type_of_frame_is_tried_above() -> None:
    assert {json.loads(raw)["type"] for raw, _ in READ} == set(wire.CLIENT_FRAMES)


@pytest.mark.parametrize(
    "raw",
    [
        "", " ", "hello", "{", '{"type":"send"', "null", "[]", '"send"', "1", "[" * 60_000, '{"a":' * 12_000,
        '{"type":"pong","n":' + "9" * 5_000 + "}", "\ufeff{}", '{"type":"pong","n":1}{"type":"pong","n":2}',
    ],
    ids=lambda raw: raw[:20],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(raw: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.code == "bad_request"
    assert refused.value.ref is None


@pytest.mark.parametrize("type", ["made_up", "welcome", "event", "SEND", "", None, 1, ["send"], {"send": 1}])
def test_an_unknown_type_says_so_and_names_the_frame(type: Any) -> None:
    with pytest.raises(Malformed) as refused:
        parse(json.dumps({"type": type, "id": "17"}))
    assert (refused.value.code, refused.value.ref) == ("unknown_type", "17")


WRONG_IDS: list[Any] = [None, "", 1, True, [], {}, "a b", "a" * 65, "é", "a\n", "a\x00", "'; DROP", "../x", "１"]


@pytest.mark.parametrize("field", ["id", "conversation", "cid"])
@pytest.mark.parametrize("value", WRONG_IDS, ids=repr)
def test_ids_are_short_and_plain(field: str, value: Any) -> None:
    with pytest.raises(Malformed) as refused:
        parse(send(**{field: value}))
    assert refused.value.code == "bad_request"
    assert refused.value.ref == (None if field == "id" else "1")


@pytest.mark.parametrize("value", [None, 1, True, ["hello"], {"a": "b"}])
def test_a_text_is_text(value: Any) -> None:
    with pytest.raises(Malformed, match="text"):
        parse(send(text=value))


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "a\udfffb"])
@pytest.mark.parametrize("type", ["text", "comment", "epoch", "ticket", "position"])
def test_characters_that_are_no_text_go_no_further(type: str, value: str) -> None:
    raw = {
        "text": send(text=value),
        "comment": frame("rate", id="1", conversation="c1", score=5, comment=value),
        "epoch": frame("sync", id="1", conversation="c1", since=0, epoch=value),
        "ticket": frame("hello", ticket=value),
        "position": frame("hello", ticket="t", resume=[{"conversation": "c1", "epoch": value, "seq": 1}]),
    }[type]
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize("value", [None, -1, 1.5, "3", True, 2**60, float("nan"), float("inf"), 1e300])
def test_a_position_is_a_whole_number(value: Any) -> None:
    with pytest.raises(Malformed):
        parse(frame("sync", id="1", conversation="c1", since=value))


@pytest.mark.parametrize(
    "wrong",
    [
        frame("sync", id="1", conversation="c1", since=0, limit=101),
        frame("sync", id="1", conversation="c1", since=0, limit=0),
        frame("rate", id="1", conversation="c1", score=0),
        frame("rate", id="1", conversation="c1", score=6),
        frame("rate", id="1", conversation="c1", score="5"),
        frame("rate", id="1", conversation="c1", score=5, seq=0),
        frame("rate", id="1", conversation="c1", score=5, comment=["x"]),
        frame("typing", conversation="c1", on=1),
        frame("typing", conversation="c1"),
        frame("hello", ticket=None),
        frame("hello"),
        frame("hello", ticket="t", resume={}),
        frame("hello", ticket="t", resume=["c1"]),
        frame("hello", ticket="t", resume=[{"conversation": "c1", "seq": -1}]),
        frame("hello", ticket="t", resume=[{"conversation": f"c{n}"} for n in range(51)]),
    ],
)
def test_what_is_out_of_bounds_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(wrong)
    assert refused.value.code == "bad_request"


def test_a_text_that_is_too_long_says_so() -> None:
    with pytest.raises(Malformed) as refused:
        parse(frame("rate", id="9", conversation="c1", score=5, comment="x" * 1_001))
    assert (refused.value.code, refused.value.ref) == ("too_large", "9")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "conversation", "cid", "text", "since", "limit", "seq", "score", "on", "n", "ticket", "resume", "epoch")


@given(st.sampled_from(wire.CLIENT_FRAMES), st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_whatever_the_fields_hold_a_frame_is_read_or_refused(type: str, fields: dict[str, Any]) -> None:
    code = ""
    try:
        parse(json.dumps({"type": type, **fields}))
    except Malformed as refused:
        code = refused.code
    assert code in ("", "bad_request", "too_large")


# ── what goes out ──


def said(author: Author = Author.CUSTOMER, **fields: Any) -> Event:
    return Event(3, Kind.MESSAGE, author, AT, **({"text": "hello"} | fields))


def test_a_message_reaches_its_own_sender_with_the_cid_and_others_without() -> None:
    event = said(sender="ann", cid="m1")
    mine, theirs = wire.event("c1", event, "ann"), wire.event("c1", event, "bob")
    assert mine == {
        "type": "event", "conversation": "c1", "seq": 3, "kind": "message.created", "author": "customer",
        "at": "2026-03-01T09:30:00+00:00", "body": {"text": "hello"}, "cid": "m1",
    }  # fmt: skip
    assert theirs == {name: value for name, value in mine.items() if name != "cid"}


def test_a_reply_names_its_question_and_carries_its_citations() -> None:
    reply = said(Author.BOT, answers=2, citations=(CITATION,), options=("a", "b"), data={"source": "generated"})
    body = wire.event("c1", reply, "ann")["body"]
    assert body == {
        "text": "hello", "answers": 2, "options": ["a", "b"], "source": "generated",
        "citations": [
            {"position": 1, "document": "faqs/returns.md#how", "passage": "p1", "title": "How?",
             "text": "Within 30 days.", "url": "/returns", "score": 0.8123}
        ],
    }  # fmt: skip


def test_evidence_and_senders_never_leave() -> None:
    evidence = Evidence("q", "q", "answer", "generated", prompt="PROMPT", error="SELECT secret FROM /etc")
    for event in (
        said(Author.BOT, answers=1, sender="internal-id", evidence=evidence),
        Event(
            4,
            Kind.HANDED_OFF,
            Author.SYSTEM,
            AT,
            "internal-id",
            "x",
            "soon",
            1,
            data={"reason": "failure"},
            evidence=evidence,
        ),
    ):
        sent = wire.dump(wire.event("c1", event, "ann"))
        assert not any(private in sent for private in ("PROMPT", "SELECT", "internal-id", "evidence"))


def test_a_handoff_tells_its_reason_and_the_question_it_leaves_open() -> None:
    event = Event(4, Kind.HANDED_OFF, Author.SYSTEM, AT, text="soon", answers=3, data={"reason": "no_answer"})
    assert wire.event("c1", event, "ann")["body"] == {"text": "soon", "answers": 3, "reason": "no_answer"}
    pressed = Event(4, Kind.HANDED_OFF, Author.SYSTEM, AT, text="soon", data={"reason": "asked_for_person"})
    assert "answers" not in wire.event("c1", pressed, "ann")["body"]


@pytest.mark.parametrize("kind", sorted(INTERNAL))
def test_of_what_agents_do_among_themselves_only_the_position_reaches_the_customer(kind: Kind) -> None:
    event = Event(7, kind, Author.AGENT, AT, "agent-1", "x", "he lies", data={"tags": ["fraud"], "agent": "Ana"})
    assert wire.event("c1", event, "ann") == {
        "type": "event", "conversation": "c1", "seq": 7, "kind": "conversation.updated", "author": "system",
        "at": "2026-03-01T09:30:00+00:00", "body": {},
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(Kind) - INTERNAL))
def test_no_event_tells_the_customer_more_of_an_agent_than_the_name(kind: Kind) -> None:
    data = {"agent": "Ana", "agent_id": "a1b2", "note": "he lies", "from": "Ben", "waited_s": 3.5, "why": "silent"}
    sent = wire.dump(wire.event("c1", Event(7, kind, Author.SYSTEM, AT, "a1b2", text="Hello", data=data), "ann"))
    assert not any(private in sent for private in ("a1b2", "he lies", "Ben", "waited", "silent"))


def test_what_the_hub_carries_has_its_frame() -> None:
    assert wire.item("c1", Typing("bot", True), "ann") == {
        "type": "typing", "conversation": "c1", "author": "bot", "on": True,
    }  # fmt: skip
    draft = wire.item("c1", Draft(2, 0, "One.", (CITATION,)), "ann")
    assert (draft["type"], draft["answers"], draft["n"], draft["text"]) == ("draft", 2, 0, "One.")
    assert draft["citations"][0]["title"] == "How?"
    assert wire.item("c1", said(), "ann")["type"] == "event"
    assert {"draft", "typing", "queue", "presence"} == wire.EPHEMERAL
    place = Place(2, 90, False, AT)
    assert wire.item("c1", place, "ann") == {
        "type": "queue", "conversation": "c1", "position": 2, "wait_s": 90, "open": False,
        "opens_at": "2026-03-01T09:30:00+00:00",
    }  # fmt: skip


def test_every_frame_that_leaves_is_one_line_of_json_with_a_known_type() -> None:
    state = {"conversation": "c1", "epoch": "e", "head": 0, "resumed": True, "status": Status.BOT}
    frames = [
        wire.welcome("x", AT, 25.0, {"text": 4_000}, [state]),
        wire.event("c1", said(text="退货\u2028\n"), "ann"),
        wire.ack("1", "c1", "m1", 3, False),
        wire.synced("1", "c1", 3),
        wire.resync("c1", "e", 3, "epoch"),
        wire.error("too_fast", ref="1", retry=True, after_ms=5),
        wire.item("c1", Typing("bot", True), "ann"),
        wire.item("c1", Draft(1, 0, "x"), "ann"),
    ]
    for frame in frames:
        text = wire.dump(frame)
        assert "\n" not in text
        assert json.loads(text)["type"] in wire.SERVER_FRAMES


@pytest.mark.parametrize(
    ("wrong", "code", "retry"),
    [
        (Malformed("x", "unknown_type"), "unknown_type", False),
        (Refused("x"), "bad_request", False),
        (TooLarge("x"), "too_large", False),
        (NotFound("x"), "not_found", False),
        (Conflict("x"), "conflict", False),
        (Unavailable("x"), "storage_unavailable", True),
        (NoIndex(), "storage_unavailable", True),
        (StorageFull("x"), "storage_full", True),
        (StorageBroken("x"), "storage_unavailable", True),
        (DeadlineExceeded("x"), "internal", True),
        (RuntimeError("SELECT * FROM event at /srv/bot.sqlite"), "internal", True),
    ],
)
def test_an_error_is_a_code_and_never_a_text(wrong: Exception, code: str, retry: bool) -> None:
    made = wire.error_for(wrong, "7")
    assert (made["code"], made["retry"], made["ref"]) == (code, retry, "7")
    assert set(made) <= {"type", "code", "retry", "ref", "after_ms"}


def test_close_codes_say_whether_to_come_back() -> None:
    assert len(set(CLOSE.values())) == len(CLOSE)
    for name in ("shutting_down", "too_slow", "no_pong", "server_error", "overloaded", "rate", "auth_expired"):
        assert 4000 <= CLOSE[name] < 4100
    for name in (
        "bad_ticket",
        "malformed",
        "no_hello",
        "too_many_connections",
        "blocked",
        "revoked",
        "too_many_errors",
    ):
        assert 4500 <= CLOSE[name] < 4600
