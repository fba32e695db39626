"""The agents' frames: every field bounded before anything else sees it, and what their pages are told."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access import Agent, Role
from bot.conversation import FIRST, Author, Conversation, Event, Evidence, Kind, Line, Status
from bot.desk import Row, Turn
from bot.hub import Draft, Place, Typing
from bot.knowledge import Citation
from bot.packet import Card, Inquiry, Packet
from bot.presence import Presence
from bot.web import agent_wire, wire
from bot.web.agent_wire import Act, AgentHello, Away, Leave, Note, Open, Say, Tag, Transfer, parse
from bot.web.wire import Malformed, Position
from tests.fakes import AT, DELIVERY, RETURNS

ANA = Agent("a1", "ana", "Ana", Role.SUPERVISOR, 3)
BEN = Agent("a2", "ben", "Ben")
NAMED = {"id": "1", "conversation": "c1", "cid": "x"}


def frame(type: str, **fields: Any) -> str:
    return json.dumps({"type": type, **fields})


def named(type: str, **fields: Any) -> str:
    return frame(type, **NAMED, **fields)


# ── what comes in ──


READ = [
    (frame("hello", ticket="t"), AgentHello("t", (), "", None)),
    (
        frame("hello", ticket="t", resume=[{"conversation": "c1", "epoch": "e", "seq": 3}]),
        AgentHello("t", (Position("c1", "e", 3),), "", None),
    ),
    (frame("hello", ticket="t", inbox={"epoch": "f", "position": 9}), AgentHello("t", (), "f", 9)),
    (frame("hello", ticket="t", inbox={}), AgentHello("t", (), "", 0)),
    (frame("hello", ticket="t", inbox=None), AgentHello("t", (), "", None)),
    (frame("open", id="1", conversation="c1"), Open("1", "c1")),
    (frame("leave", id="1", conversation="c1"), Leave("1", "c1")),
    (named("claim", expect_version=4), Act("claim", "1", "c1", "x", 4)),
    (named("return", expect_version=0), Act("return", "1", "c1", "x", 0)),
    (named("close", expect_version=4, made_up=1), Act("close", "1", "c1", "x", 4)),
    (named("transfer", expect_version=4, to="a2", text="Knows lamps."),
     Transfer("1", "c1", "x", 4, "a2", "Knows lamps.")),
    (named("transfer", expect_version=4, to=""), Transfer("1", "c1", "x", 4, "", "")),
    (named("note", text="退货 🤷🏽‍♀️\n"), Note("1", "c1", "x", "退货 🤷🏽‍♀️\n")),
    (named("tag", tags=["late", "vip"]), Tag("1", "c1", "x", ("late", "vip"))),
    (named("tag"), Tag("1", "c1", "x", ())),
    (named("send", text="hello"), Say("1", "c1", "x", "hello", ())),
    (named("send", text="hello", passages=["p1", "p2"]), Say("1", "c1", "x", "hello", ("p1", "p2"))),
    (frame("away", on=True), Away(True)),
    (frame("sync", id="1", conversation="c1", since=0), wire.Sync("1", "c1", "", 0, 100)),
    (frame("read", conversation="c1", seq=4), wire.Read("c1", 4)),
    (frame("typing", conversation="c1", on=False), wire.TypingOn("c1", False)),
    (frame("pong", n=3), wire.Pong(3)),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "parsed"), READ)
def test_each_type_of_frame_is_read(raw: str, parsed: agent_wire.AgentFrame) -> None:
    assert parse(raw) == parsed


def test_every_type_of_frame_is_tried_above() -> None:
    assert {json.loads(raw)["type"] for raw, _ in READ} == set(agent_wire.AGENT_FRAMES)


@pytest.mark.parametrize("type", sorted(set(wire.CLIENT_FRAMES) - set(agent_wire.AGENT_FRAMES)))
def test_what_only_customers_send_is_unknown_here(type: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(named(type, score=5, email="a@b.example"))
    assert (refused.value.code, refused.value.ref) == ("unknown_type", "1")


@pytest.mark.parametrize("type", sorted(set(agent_wire.AGENT_FRAMES) - set(wire.CLIENT_FRAMES)))
def test_what_only_agents_send_is_unknown_to_the_customers_door(type: str) -> None:
    with pytest.raises(Malformed) as refused:
        wire.parse(named(type, expect_version=1, to="", text="x", tags=[], on=True))
    assert refused.value.code == "unknown_type"


ACTING = ("claim", "return", "close", "transfer", "note", "tag", "send")
FULL = {"expect_version": 1, "to": "", "text": "x", "tags": []}


@pytest.mark.parametrize("field", ["id", "conversation", "cid"])
@pytest.mark.parametrize("type", ACTING)
def test_whatever_acts_names_itself_the_conversation_and_a_cid(type: str, field: str) -> None:
    parse(named(type, **FULL))
    for wrong in (None, "", 1, "a b", "a" * 65, "../x", "\ud800"):
        with pytest.raises(Malformed):
            parse(frame(type, **{**NAMED, **FULL, field: wrong}))


@pytest.mark.parametrize("value", [None, -1, 1.5, "3", True, 2**60, float("nan")])
@pytest.mark.parametrize("type", ["claim", "return", "close", "transfer"])
def test_what_moves_a_conversation_says_which_version_it_saw(type: str, value: Any) -> None:
    with pytest.raises(Malformed, match="expect_version"):
        parse(named(type, **{**FULL, "expect_version": value}))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (named("transfer", expect_version=1), "bad_request"),
        (named("transfer", expect_version=1, to=None), "bad_request"),
        (named("transfer", expect_version=1, to="a" * 65), "too_large"),
        (named("transfer", expect_version=1, to="", text=["x"]), "bad_request"),
        (named("note"), "bad_request"),
        (named("note", text="a\x00b"), "bad_request"),
        (named("note", text="\ud800"), "bad_request"),
        (named("note", text="x" * (wire.MAX_FRAME + 1)), "too_large"),
        (named("tag", tags="late"), "bad_request"),
        (named("tag", tags=[1]), "bad_request"),
        (named("tag", tags=[None]), "bad_request"),
        (named("tag", tags=["x"] * 51), "bad_request"),
        (named("tag", tags=["x" * 1_001]), "too_large"),
        (named("tag", tags=["a\x00"]), "bad_request"),
        (named("send", text=1), "bad_request"),
        (named("send", text="x", passages="p1"), "bad_request"),
        (named("send", text="x", passages=["p"] * 6), "bad_request"),
        (named("send", text="x", passages=["p" * 65]), "too_large"),
        (frame("away"), "bad_request"),
        (frame("away", on=1), "bad_request"),
        (frame("hello"), "bad_request"),
        (frame("hello", ticket="t" * 129), "too_large"),
        (frame("hello", ticket="t", inbox=[]), "bad_request"),
        (frame("hello", ticket="t", inbox={"position": -1}), "bad_request"),
        (frame("hello", ticket="t", inbox={"position": 1, "epoch": 2}), "bad_request"),
        (frame("hello", ticket="t", resume=[{"conversation": f"c{n}"} for n in range(51)]), "bad_request"),
        (frame("open", id="1"), "bad_request"),
        (frame("leave", conversation="c1"), "bad_request"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(wrong: str, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(wrong)
    assert refused.value.code == code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "conversation", "cid", "text", "since", "limit", "seq", "on", "n", "ticket", "resume", "epoch",
          "expect_version", "to", "tags", "passages", "inbox")  # fmt: skip


@given(st.sampled_from(agent_wire.AGENT_FRAMES), st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_whatever_the_fields_hold_a_frame_is_read_or_refused(type: str, fields: dict[str, Any]) -> None:
    code = ""
    try:
        parse(json.dumps({"type": type, **fields}))
    except Malformed as refused:
        code = refused.code
    assert code in ("", "bad_request", "too_large")


@given(st.text(max_size=60))
def test_random_text_is_no_frame(raw: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.code in ("bad_request", "unknown_type")


# ── events ──


def test_agents_read_what_customers_do_not() -> None:
    note = Event(4, Kind.NOTED, Author.AGENT, AT, "a2", "n1", "he lies", data={"agent": "Ben", "agent_id": "a2"})
    assert agent_wire.event("c1", note, "a1") == {
        "type": "event", "conversation": "c1", "seq": 4, "kind": "note.created", "author": "agent",
        "at": "2026-03-01T09:30:00+00:00", "body": {"text": "he lies", "agent": "Ben", "agent_id": "a2"},
    }  # fmt: skip
    assert agent_wire.event("c1", note, "a2")["cid"] == "n1", "whoever sent it knows it again"


BODIES = {
    Kind.HANDED_OFF: {"reason": "angry", "position": 2, "offer": "email"},
    Kind.CLAIMED: {"agent": "Ana", "agent_id": "a1", "waited_s": 3.5},
    Kind.TRANSFERRED: {"agent": "Ana", "agent_id": "a1", "from": "Ben", "note": "Knows lamps."},
    Kind.REQUEUED: {"why": "silent", "agent": "Ana", "note": "Needs Chinese."},
    Kind.CLOSED: {"by": "agent", "agent": "Ana"},
    Kind.TAGGED: {"tags": ["late"], "agent": "Ana"},
    Kind.RATED: {"score": 2, "about": None, "comment": "no"},
    Kind.EMAIL_LEFT: {"email": "mia@example.com"},
    Kind.DELAYED: {"offer": "email"},
}


@pytest.mark.parametrize("kind", Kind)
def test_agents_get_the_whole_body_of_every_kind(kind: Kind) -> None:
    data = BODIES.get(kind, {})
    made = agent_wire.event("c1", Event(4, kind, Author.SYSTEM, AT, text="words", data=data), "a1")
    assert made["kind"] == kind.value, "nothing is hidden from agents"
    assert data.items() <= made["body"].items()
    assert made["body"].get("text", "words") == "words"


def test_evidence_and_senders_do_not_leave_with_an_event() -> None:
    evidence = Evidence("q", "q", "answer", "generated", prompt="PROMPT", error="SELECT secret")
    reply = Event(4, Kind.MESSAGE, Author.BOT, AT, "internal-id", "cid-of-ann", "Thus.", 3, evidence=evidence)
    sent = wire.dump(agent_wire.event("c1", reply, "a1"))
    assert not any(private in sent for private in ("PROMPT", "SELECT", "internal-id", "cid-of-ann"))


def test_an_agents_message_carries_its_passages() -> None:
    cited = Citation(1, "faqs/returns.md", "p1", "How?", "Within 30 days.", "/returns", 1.0)
    said = Event(4, Kind.MESSAGE, Author.AGENT, AT, "a1", "x", "Look.", citations=(cited,), data={"agent": "Ana"})
    for made in (agent_wire.event("c1", said, "a1"), wire.event("c1", said, "ann")):
        assert made["body"]["agent"] == "Ana"
        assert [one["passage"] for one in made["body"]["citations"]] == ["p1"]


def test_what_the_hub_carries_has_its_frame() -> None:
    assert agent_wire.item("c1", Typing("agent", True, "Ben"), ANA) == {
        "type": "typing", "conversation": "c1", "author": "agent", "on": True, "name": "Ben",
    }  # fmt: skip
    assert agent_wire.item("c1", Draft(2, 0, "One."), ANA)["type"] == "draft"
    assert agent_wire.item("c1", Place(2, 90, True), ANA)["type"] == "queue"
    noted = Event(1, Kind.NOTED, Author.AGENT, AT, "a1", "n1", "x")
    assert agent_wire.item("c1", noted, ANA) == agent_wire.event("c1", noted, "a1")


# ── rows and people ──

WAITING = Conversation(
    "c1", "visitor:7f3a9c", "e1", Status.WAITING, 3, 5, "zh", page="/lamps", reason="angry", tags=("late",),
    email="mia@example.com", waiting_since=AT, queue_at=AT - timedelta(minutes=10),
    last=Line(Author.CUSTOMER, "hello?", AT, 5), asked=5, created_at=AT,
)  # fmt: skip


def row(conversation: Conversation = WAITING) -> Row:
    return Row(conversation, 17, AT + timedelta(seconds=5))


def test_a_row_is_a_conversation_as_the_list_shows_it() -> None:
    assert agent_wire.row_of(row()) == {
        "conversation": "c1", "seq": 17, "status": "waiting", "version": 3, "head": 5, "epoch": "e1",
        "name": "Visitor 7F3A", "verified": False, "language": "zh", "reason": "angry", "tags": ["late"], "agent": None,
        "waiting_since": "2026-03-01T09:30:00+00:00", "owed_since": None, "queue_at": "2026-03-01T09:20:00+00:00",
        "first_in_line": False, "email": "mia@example.com", "page": "/lamps",
        "last": {"author": "customer", "text": "hello?", "at": "2026-03-01T09:30:00+00:00", "seq": 5}, "asked": 5,
        "created_at": "2026-03-01T09:30:00+00:00", "updated_at": "2026-03-01T09:30:05+00:00", "score": None,
    }  # fmt: skip


def test_a_row_tells_who_has_it_and_whom_the_shop_vouches_for() -> None:
    held = replace(WAITING, customer="shop:mia-77", status=Status.AGENT, agent="a1", agent_name="Ana", last=None)
    made = agent_wire.row_of(row(held))
    assert (made["name"], made["verified"]) == ("mia-77", True)
    assert (made["agent"], made["last"]) == ({"id": "a1", "name": "Ana"}, None)


def test_whoever_waits_again_is_first_in_line() -> None:
    assert agent_wire.row_of(row(replace(WAITING, queue_at=AT - FIRST)))["first_in_line"] is True


def test_an_inbox_frame_has_its_rows_counts_and_position() -> None:
    made = agent_wire.inbox("f", 17, [row()], {"waiting": 1})
    assert made == {"type": "inbox", "epoch": "f", "position": 17, "rows": [agent_wire.row_of(row())],
                    "counts": {"waiting": 1}, "reset": False}  # fmt: skip
    assert agent_wire.inbox("f", 17, (), {}, reset=True)["reset"] is True


def test_presence_names_everybody_who_works_here_still() -> None:
    here, gone = Presence(), replace(BEN, id="a3", is_active=False)
    with here.here(ANA):
        here.go_away("a1", True)
        made = agent_wire.presence([ANA, BEN, gone], here, {"a1": 2})
    assert made == {
        "type": "presence",
        "agents": [
            {"id": "a1", "name": "Ana", "role": "supervisor", "online": True, "away": True, "load": 2, "capacity": 3},
            {"id": "a2", "name": "Ben", "role": "agent", "online": False, "away": False, "load": 0, "capacity": 6},
        ],
    }


def test_every_frame_that_leaves_is_one_line_of_json_with_a_known_type() -> None:
    frames = [
        agent_wire.inbox("f", 17, [row()], {"waiting": 1}),
        agent_wire.presence([ANA], Presence(), {}),
        agent_wire.event("c1", Event(4, Kind.NOTED, Author.AGENT, AT, text="退货\u2028\n"), "a1"),
    ]
    for made in frames:
        text = wire.dump(made)
        assert "\n" not in text
        assert json.loads(text)["type"] in (*wire.SERVER_FRAMES, *agent_wire.AGENT_SERVER_FRAMES)


# ── the packet and the evidence ──

HIT = {"passage": RETURNS.id, "anchor": "how", "title": RETURNS.title, "score": 0.4, "dense": 0.5, "lexical": 0.3,
       "coverage": 0.2}  # fmt: skip
VERDICT = {"sentence": "Return unused items.", "is_carried": True, "passage": 0, "reason": ""}
EVIDENCE = {"query": "return lamp", "decision": "handoff", "source": "handoff", "score": 0.4, "draft": "Maybe.",
            "thresholds": {"answer": 0.5, "suggest": 0.35}, "hits": [HIT], "verdicts": [VERDICT], "error": "",
            "question": "Return?", "prompt": "P", "timings": {"total": 5.0}, "generation": "g1"}  # fmt: skip
QUESTION = Event(4, Kind.MESSAGE, Author.CUSTOMER, AT, text="Can I return it?")
HANDED = Event(5, Kind.HANDED_OFF, Author.SYSTEM, AT, text="Soon.", answers=4, data={"reason": "no_answer"})


def packet(**changes: Any) -> dict[str, Any]:
    turn, card = Turn(4, 5, EVIDENCE), Card(HIT, RETURNS, True)
    whole = Packet(row(), HANDED, QUESTION, turn, [card], [row(replace(WAITING, id="c0"))], [turn])
    return agent_wire.packet_of(replace(whole, **changes))


def test_a_packet_holds_all_that_led_here() -> None:
    made = packet()
    assert (made["reason"], made["handed_off_at"]) == ("angry", "2026-03-01T09:30:00+00:00")
    assert made["question"] == {"seq": 4, "text": "Can I return it?"}
    assert (made["query"], made["score"], made["thresholds"]["answer"]) == ("return lamp", 0.4, 0.5)
    assert (made["draft"], made["verdicts"]) == ("Maybe.", [VERDICT])
    assert made["passages"] == [{**HIT, "text": RETURNS.text, "url": "/returns", "live": True}]
    assert made["turns"] == [{"question_seq": 4, "reply_seq": 5, "question": "Return?", "decision": "handoff",
                              "source": "handoff", "score": 0.4}]  # fmt: skip
    assert made["customer"] == {
        "name": "Visitor 7F3A", "id": "7f3a9c", "verified": False, "language": "zh", "page": "/lamps",
        "email": "mia@example.com", "first_seen": "2026-03-01T09:30:00+00:00", "conversations": 2,
    }  # fmt: skip
    assert [one["conversation"] for one in made["earlier"]] == ["c0"]


def test_a_packet_of_what_the_bot_never_saw_is_empty_and_whole() -> None:
    made = packet(handed_off=None, question=None, turn=None, cards=(), earlier=(), turns=())
    assert set(made) == set(packet())
    assert (made["handed_off_at"], made["question"], made["score"]) == (None, None, None)
    assert made["passages"] == made["verdicts"] == made["earlier"] == made["turns"] == []
    assert (made["query"], made["draft"], made["thresholds"]) == ("", "", {})


def test_a_passage_that_is_gone_says_so() -> None:
    retired, unknown = packet(cards=[Card(HIT, RETURNS, False), Card(HIT, None, False)])["passages"]
    assert (retired["live"], retired["text"]) == (False, RETURNS.text)
    assert (unknown["live"], unknown["text"], unknown["title"]) == (False, "", RETURNS.title)


def turn(evidence: dict[str, Any], cards: list[Card], words: list[list[str]]) -> dict[str, Any]:
    reply = Event(5, Kind.MESSAGE, Author.BOT, AT, text="Return it.", answers=4)
    return agent_wire.turn_of("c1", Inquiry(Turn(4, 5, evidence), QUESTION, reply, cards, words))


def test_a_turn_tells_which_passage_carries_each_sentence() -> None:
    made = turn(EVIDENCE, [Card(HIT, RETURNS, True)], [["unused", "items"]])
    assert (made["question_seq"], made["reply_seq"], made["question"]) == (4, 5, "Can I return it?")
    assert made["reply"] == {"text": "Return it.", "citations": []}
    verdict = {**VERDICT, "words": ["unused", "items"], "passage_title": RETURNS.title}
    assert made["evidence"]["verdicts"] == [verdict]
    assert made["evidence"]["prompt"] == "P"
    assert made["evidence"]["hits"][0]["live"] is True


@pytest.mark.parametrize("index", [None, -1, 7])
def test_a_sentence_that_nothing_carries_names_no_passage(index: int | None) -> None:
    evidence = {**EVIDENCE, "verdicts": [{**VERDICT, "is_carried": False, "passage": index}]}
    made = turn(evidence, [Card(HIT, DELIVERY, True)], [[]])
    assert made["evidence"]["verdicts"][0]["passage_title"] == ""


def test_what_leaves_can_be_written_as_json() -> None:
    for made in (packet(), turn(EVIDENCE, [], [[]]), agent_wire.row_of(row())):
        assert json.loads(wire.dump(made)) == made
