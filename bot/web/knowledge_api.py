"""HTTP for looking at the knowledge base: lists, entries with their past, and searching as the bot searches."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from bot import kb_pages
from bot.access import Action
from bot.catalogue import Browse, Change
from bot.kb_pages import Entry, Line, Searched
from bot.knowledge import Hit, Passage
from bot.overrides import Override, ids, text_of
from bot.ports import Bot
from bot.web.console_login import Seat, may
from bot.web.served import served

LINES = 50  # of a list at once


async def unstored(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


router = APIRouter(prefix="/v1/console/knowledge", dependencies=[Depends(unstored)])
Reader = Annotated[Seat, Depends(may(Action.READ))]
PLAIN = r"^[^\x00]*$"  # PostgreSQL takes no NUL
Path = Annotated[str, Query(max_length=4_000, pattern=PLAIN)]
Language = Annotated[str, Query(max_length=16, pattern=PLAIN)]


def _bot(request: Request) -> Bot:
    return served(request).bot


@router.get("")
async def browse(
    request: Request,
    who: Reader,
    state: Literal["live", "expiring", "edited", "disabled"] = "live",
    file: Path = "",
    language: Language = "",
    offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> dict[str, Any]:
    found = await kb_pages.browse(_bot(request), Browse(file, language, offset=offset, limit=LINES), state)
    return {"total": found.total, "offset": offset, "entries": [_line(one) for one in found.lines]}


@router.get("/files")
async def files(request: Request, who: Reader) -> dict[str, Any]:
    catalogue = _bot(request).catalogue
    found = await catalogue.files()
    return {
        "files": [{"file": file, "passages": n} for file, n in found.items()],
        "languages": list(await catalogue.languages()),
    }


@router.get("/entry")
async def entry(request: Request, who: Reader, anchor: Path) -> dict[str, Any]:
    return _entry(await kb_pages.entry(_bot(request), anchor))


@router.get("/search")
async def search(
    request: Request, who: Reader, q: Annotated[str, Query(max_length=400)] = "", language: Language = ""
) -> dict[str, Any]:
    found = await kb_pages.search(_bot(request), q, language) if q.strip() else None
    return _searched(found) if found else {"hits": [], "for_agents": [], "decision": "", "query": q}


# ── what they say ──


def _line(one: Line) -> dict[str, Any]:
    passage = one.passage
    return {
        **_place(passage), "title": passage.title, "text": passage.text[:300],
        "state": _state(one.override), "is_newer": bool(one.override and one.override.is_newer),
    }  # fmt: skip


def _place(passage: Passage) -> dict[str, Any]:
    return {
        "anchor": passage.anchor, "language": passage.language, "kind": passage.kind, "source": passage.source,
        "valid_from": passage.valid_from, "valid_to": passage.valid_to, "audience": passage.audience,
        "needs_person": passage.needs_person,
    }  # fmt: skip


def _state(one: Override | None) -> str:
    return {"edit": "edited", "disable": "disabled"}[one.action] if one else "live"


def _entry(one: Entry) -> dict[str, Any]:
    first, override, document = one.first, one.override, one.document
    return {
        **_place(first),
        **_wording(one.parts or (first,)),
        "passages": len(one.parts),
        "version": one.version,
        "state": _state(override),
        "is_orphan": bool(override and override.is_orphan),
        "is_newer": bool(override and override.is_newer),
        "edited_by": override.by if override else "",
        "edited_at": override.at.isoformat() if override and override.at else None,
        "file": _wording(one.file) if override and one.file else None,
        "origin": document.origin if document else "",
        "category": document.category if document else "",
        "tags": list(document.tags) if document else [],
        "url": first.url,
        "cited": one.cited,
        "findings": [{"code": found.code, "says": found.sentence} for found in one.findings],
        "past": [_change(change) for change in one.past],
    }


def _wording(parts: tuple[Passage, ...]) -> dict[str, Any]:
    first = parts[0]
    return {
        "ids": list(ids(parts)), "title": first.title, "text": text_of(parts), "phrasings": list(first.phrasings)
    }  # fmt: skip


def _change(one: Change) -> dict[str, Any]:
    return {
        "action": one.action, "at": one.at.isoformat(), "title": one.passage.title, "text": one.passage.text,
        "phrasings": list(one.passage.phrasings),
    }  # fmt: skip


def _searched(one: Searched) -> dict[str, Any]:
    cut = one.weighed.thresholds
    return {
        "query": one.found.query,
        "decision": one.decision,
        "score": round(one.weighed.score, 4),
        "known": round(one.weighed.known, 4),
        "thresholds": {"answer": round(cut.answer, 4), "suggest": round(cut.suggest, 4)},
        "generation": one.found.generation,
        "hits": [_hit(hit) for hit in one.found.hits],
        "for_agents": [_hit(hit) for hit in one.for_agents],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    scores = {name: getattr(hit, name) for name in ("score", "dense", "lexical", "coverage", "words", "weakest")}
    passage = hit.passage
    return {
        **_place(passage), "passage": passage.id, "title": passage.title, "text": passage.text,
        "scores": {name: round(value, 4) for name, value in scores.items()},
    }  # fmt: skip
