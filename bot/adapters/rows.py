"""Values as rows, and rows as values: the one place that knows which column holds what."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from bot.conversation import Author, Conversation, Event, Kind, Line, Status
from bot.indexes import Manifest
from bot.knowledge import Citation, Document, Passage
from bot.ports import Session


def conversation_row(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "epoch": conversation.epoch,
        "customer": conversation.customer,
        "status": conversation.status.value,
        "version": conversation.version,
        "last_seq": conversation.head,
        "language": conversation.language,
        "agent": conversation.agent,
        "bot_from": conversation.bot_from,
        "page": conversation.page,
        "agent_name": conversation.agent_name,
        "reason": conversation.reason,
        "tags": list(conversation.tags),
        "email": conversation.email,
        "score": conversation.score,
        "is_owing": bool(conversation.unanswered),
        "waiting_since": conversation.waiting_since,
        "queue_at": conversation.queue_at,
        "owed_since": conversation.owed_since,
        "delayed": conversation.is_delayed,
        "last": _line_row(conversation.last),
        "asked": conversation.asked,
    }


def _line_row(line: Line | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {"author": line.author.value, "text": line.text, "at": line.at.isoformat(), "seq": line.seq}


def _as_line(row: Mapping[str, Any] | None) -> Line | None:
    if row is None:
        return None
    return Line(Author(row["author"]), row["text"], datetime.fromisoformat(row["at"]), row["seq"])


def as_conversation(row: Row[Any], events: tuple[Event, ...] = ()) -> Conversation:
    return Conversation(
        id=row.id,
        customer=row.customer,
        epoch=row.epoch,
        status=Status(row.status),
        version=row.version,
        head=row.last_seq,
        language=row.language,
        agent=row.agent,
        bot_from=row.bot_from,
        events=events,
        page=row.page,
        agent_name=row.agent_name,
        reason=row.reason,
        tags=tuple(row.tags),
        email=row.email,
        score=row.score,
        waiting_since=row.waiting_since,
        queue_at=row.queue_at,
        owed_since=row.owed_since,
        is_delayed=row.delayed,
        last=_as_line(row.last),
        asked=row.asked,
        created_at=row.created_at,
    )


def event_row(conversation: str, event: Event) -> dict[str, Any]:
    body = {
        "text": event.text,
        "answers": event.answers,
        "citations": [asdict(citation) for citation in event.citations],
        "options": list(event.options),
        "data": dict(event.data),
    }
    return {
        "conversation_id": conversation,
        "seq": event.seq,
        "kind": event.kind.value,
        "author": event.author.value,
        "sender_id": event.sender,
        "cid": event.cid or None,
        "body": {name: value for name, value in body.items() if value not in ("", None, [], {})},
        "created_at": event.at,
    }


def as_event(row: Row[Any], at: datetime | None = None) -> Event:
    """`at`: when it happened, in a row whose `created_at` is the conversation's."""
    body = row.body
    return Event(
        seq=row.seq,
        kind=Kind(row.kind),
        author=Author(row.author),
        at=at or row.created_at,
        sender=row.sender_id,
        cid=row.cid or "",
        text=body.get("text", ""),
        answers=body.get("answers"),
        citations=tuple(Citation(**citation) for citation in body.get("citations", ())),
        options=tuple(body.get("options", ())),
        data=body.get("data", {}),
    )


def turn_row(conversation: str, event: Event) -> dict[str, Any]:
    return {
        "conversation_id": conversation,
        "question_seq": event.answers,
        "reply_seq": event.seq,
        "evidence": shallow(event.evidence),
        "created_at": event.at,
    }


def citation_rows(conversation: str, event: Event) -> list[dict[str, Any]]:
    ids = dict.fromkeys(citation.passage for citation in event.citations)
    return [{"conversation_id": conversation, "seq": event.seq, "passage_id": id} for id in ids]


def recall_row(conversation: str, event: Event) -> dict[str, Any]:
    """Of a correction: what it settles."""
    corrects = event.data["corrects"]
    return {
        "conversation_id": conversation,
        "passage_id": corrects["passage"],
        "retired_at": datetime.fromisoformat(corrects["retired_at"]),
        "outcome": "sent",
        "seq": event.seq,
        "agent_id": event.sender,
        "agent_name": event.data["agent"],
        "at": event.at,
    }


def session_row(session: Session, secret_hash: str, at: datetime) -> dict[str, Any]:
    return {
        "secret_hash": secret_hash,
        "id": session.id,
        "customer": session.customer,
        "conversation_id": session.conversation,
        "verified": session.is_verified,
        "created_at": at,
        "last_seen": at,
    }


def as_session(row: Row[Any]) -> Session:
    return Session(row.id, row.customer, row.conversation_id, row.verified)


def passage_row(passage: Passage, at: datetime) -> dict[str, Any]:
    return {**asdict(passage), "added_at": at, "retired_at": None}


def document_row(document: Document, at: datetime) -> dict[str, Any]:
    return {**asdict(document), "updated_at": at}


def as_passage(row: Row[Any]) -> Passage:
    return Passage(**{**_named(Passage, row), "phrasings": tuple(row.phrasings)})


def as_document(row: Row[Any]) -> Document:
    return Document(**{**_named(Document, row), "tags": tuple(row.tags)})


def _named(kind: Any, row: Row[Any]) -> dict[str, Any]:
    return {field.name: row._mapping[field.name] for field in fields(kind) if field.init}


def shallow(value: Any) -> dict[str, Any]:
    """A dataclass as a dictionary, not deeply: evidence may hold mappings that cannot be copied."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def generation_row(manifest: Manifest) -> dict[str, Any]:
    at = datetime.fromisoformat(manifest.created_at)
    return {
        "name": manifest.generation,
        "manifest": shallow(manifest),
        "published_at": at if at.tzinfo else at.replace(tzinfo=UTC),
    }
