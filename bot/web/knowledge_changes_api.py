"""HTTP for changing the knowledge base: entries and uploads, each a job that the page asks after while it runs."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from bot import bootstrap_content, ingest, kb_pages, uploads
from bot.access import Action, Agent
from bot.content import Problem
from bot.gate import Moved, Verdict
from bot.indexing import Progress
from bot.ingest import Gate, Report
from bot.kb_pages import Wording
from bot.knowledge import Passage
from bot.lint import Finding
from bot.overrides import Edited
from bot.planning import Planned
from bot.ports import Bot
from bot.publishing import Job
from bot.uploads import Proposal
from bot.web.console_login import Denied, Seat, may
from bot.web.knowledge_api import PLAIN, unstored
from bot.web.served import Served, served

MAX_FILE = 20 * 2**20
SHOWN = 200  # changes, problems and questions of one list

router = APIRouter(prefix="/v1/console/knowledge", dependencies=[Depends(unstored)])
Editor = Annotated[Seat, Depends(may(Action.KNOWLEDGE))]
_LINE = Field("", max_length=20_000)  # what is too long is said in a sentence, not in a code
_BATCH = r"^[a-f0-9]{32}$"


class Worded(BaseModel):
    anchor: str = Field(max_length=4_000, pattern=PLAIN)
    title: str = _LINE
    text: str = Field("", max_length=100_000)
    phrasings: list[Annotated[str, Field(max_length=20_000)]] = Field([], max_length=100)

    @property
    def wording(self) -> Wording:
        return Wording.tidied(self.title, self.text, self.phrasings)


class Reasoned(BaseModel):
    reason: str = Field("", max_length=1_000, pattern=PLAIN)  # why it is published although the gate refuses


class Edit(Worded, Reasoned):
    version: str = Field(max_length=64)


class Switch(Reasoned):
    anchor: str = Field(max_length=4_000, pattern=PLAIN)
    version: str = Field(max_length=64)


class Batch(BaseModel):
    upload: str = Field(pattern=_BATCH)
    edited: Edited = Edited.SKIP


class Publication(Batch, Reasoned):
    digest: str = Field(max_length=64)
    is_sure: bool = False  # of removing a lot


# ── entries ──


@router.post("/check")
async def check(request: Request, who: Editor, asked: Worded) -> dict[str, Any]:
    return {"problems": list(await kb_pages.check(served(request).bot, asked.anchor, asked.wording))}


@router.post("/edit", status_code=202)
async def edit(request: Request, who: Editor, asked: Edit) -> dict[str, Any]:
    def plan(bot: Bot, agent: Agent) -> Awaitable[Planned]:
        return kb_pages.edited(bot, agent, asked.anchor, asked.version, asked.wording)

    return _changing(request, who, plan, asked.reason)


@router.post("/disable", status_code=202)
async def disable(request: Request, who: Editor, asked: Switch) -> dict[str, Any]:
    return _changing(request, who, _on(asked, kb_pages.disabled), asked.reason)


@router.post("/enable", status_code=202)
async def enable(request: Request, who: Editor, asked: Switch) -> dict[str, Any]:
    return _changing(request, who, _on(asked, kb_pages.enabled), asked.reason)


@router.post("/revert", status_code=202)
async def revert(request: Request, who: Editor, asked: Switch) -> dict[str, Any]:
    return _changing(request, who, _on(asked, kb_pages.reverted), asked.reason)


Plan = Callable[[Bot, Agent], Awaitable[Planned]]


def _on(asked: Switch, act: Callable[[Bot, Agent, str, str], Awaitable[Planned]]) -> Plan:
    return lambda bot, agent: act(bot, agent, asked.anchor, asked.version)


def _changing(request: Request, who: Seat, plan: Plan, reason: str) -> dict[str, Any]:
    here = served(request)

    async def work(progress: Progress) -> dict[str, Any]:
        planned = await plan(here.bot, who.agent)
        passing = await _gate(here, reason)
        return _report(await ingest.publish(here.bot, planned, passing=passing, progress=progress, by=who.agent.login))

    return _job(here.publishing.start(who.agent.name, work))


async def _gate(here: Served, reason: str) -> Gate:
    sources = await here.bot.store.sources()
    origins = sorted({one.origin for one in sources})
    queries = await asyncio.to_thread(bootstrap_content.judged_questions, here.settings, origins)
    return Gate(queries, here.settings.gate_max_error or None, reason.strip())


# ── uploads ──


@router.post("/uploads", status_code=201)
async def upload(
    request: Request,
    who: Editor,
    name: Annotated[str, Query(min_length=1, max_length=1_000)],
    upload: Annotated[str, Query(pattern=r"^([a-f0-9]{32})?$")] = "",
) -> dict[str, Any]:
    """One file, as it is; with `upload`, to those that were uploaded before."""
    batch = upload or secrets.token_hex(16)
    data = await _body(request)
    return {"upload": batch, "name": await served(request).bot.uploads.put(batch, name, data), "size": len(data)}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FILE:
            raise Denied(413, "too_large", says=f"A file may have {MAX_FILE // 2**20} MiB: split it, or ingest it.")
    return bytes(body)


@asynccontextmanager
async def _sandbox() -> AsyncIterator[Any]:
    sandbox = bootstrap_content.make_sandbox()
    try:
        yield sandbox
    finally:
        await asyncio.to_thread(sandbox.close)  # waits for its processes


@router.post("/plan", status_code=202)
async def plan(request: Request, who: Editor, asked: Batch) -> dict[str, Any]:
    here = served(request)

    async def work(progress: Progress) -> dict[str, Any]:
        progress("reading", 0, 0)
        async with _sandbox() as sandbox:
            proposed = await uploads.propose(here.bot, asked.upload, sandbox.parsed, asked.edited)
        return _proposal(await uploads.looked_through(here.bot, proposed, bootstrap_content.near_pairs(), progress))

    return _job(here.publishing.start(who.agent.name, work))


@router.post("/publish", status_code=202)
async def publish(request: Request, who: Editor, asked: Publication) -> dict[str, Any]:
    here = served(request)

    async def work(progress: Progress) -> dict[str, Any]:
        progress("reading", 0, 0)
        passing = await _gate(here, asked.reason)
        async with _sandbox() as sandbox:
            report = await uploads.publish(
                here.bot, asked.upload, asked.digest, sandbox.parsed, passing, edited=asked.edited,
                is_sure=asked.is_sure, by=who.agent.login, progress=progress,
            )  # fmt: skip
        return _report(report)

    return _job(here.publishing.start(who.agent.name, work))


@router.post("/forget", status_code=204)
async def forget(request: Request, who: Editor, asked: Batch) -> None:
    await served(request).bot.uploads.forget(asked.upload)


@router.get("/jobs/{id}")
async def job(request: Request, who: Editor, id: str) -> dict[str, Any]:
    return _job(served(request).publishing.job(id))


# ── what they say ──


def _job(one: Job) -> dict[str, Any]:
    return {
        "job": one.id, "stage": one.stage, "done": one.done, "total": one.total, "is_over": one.is_over,
        "error": one.error, "says": one.says, "result": one.result if one.is_over else None,
    }  # fmt: skip


def _proposal(one: Proposal) -> dict[str, Any]:
    planned = one.planned
    return {
        "digest": one.digest, "files": list(one.files), "added": len(planned.added), "removed": len(planned.removed),
        "updated": len(planned.updated), "unchanged": planned.unchanged, "live": planned.live,
        "is_much": planned.is_much, "changes": _changes(planned.added, planned.removed),
        "problems": _problems(planned.problems), "notes": _problems(planned.notes),
        "conflicts": _problems(one.conflicts.findings), "not_compared": one.conflicts.left_out,
    }  # fmt: skip


def _changes(added: Sequence[Passage], removed: Sequence[Passage]) -> list[dict[str, Any]]:
    """What is added in place of something removed is changed."""
    before = {one.anchor: one for one in removed}
    found = [_changed(one, before.pop(one.anchor, None)) for one in added[:SHOWN]]
    late = {one.anchor for one in added[SHOWN:]}
    return found + [_changed(None, one) for one in list(before.values())[:SHOWN] if one.anchor not in late]


def _changed(new: Passage | None, old: Passage | None) -> dict[str, Any]:
    one: Any = new or old
    return {
        "anchor": one.anchor, "title": one.title, "source": one.source,
        "before": _said(old) if old else None, "after": _said(new) if new else None,
    }  # fmt: skip


def _said(one: Passage) -> str:
    return "\n".join((one.title, *one.phrasings, "", one.text))


def _problems(problems: Sequence[Problem] | Sequence[Finding]) -> list[dict[str, str]]:
    return [{"source": one.source, "says": one.sentence} for one in problems[:SHOWN]]


def _report(report: Report) -> dict[str, Any]:
    return {
        "added": len(report.added), "removed": len(report.removed), "unchanged": report.unchanged,
        "is_refused": report.is_refused, "generation": report.manifest.generation if report.manifest else None,
        "verdict": _verdict(report.verdict) if report.verdict else None,
    }  # fmt: skip


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "questions": one.n_queries, "refuses": one.refuses, "is_over": one.is_over, "lost": len(one.lost),
        "error_before": round(one.error_before, 4), "error_after": round(one.error_after, 4),
        "answered_before": round(one.answered_before, 4), "answered_after": round(one.answered_after, 4),
        "better": [_moved(moved) for moved in one.better[:SHOWN]],
        "worse": [_moved(moved) for moved in one.worse[:SHOWN]],
    }  # fmt: skip


def _moved(one: Moved) -> dict[str, Any]:
    return {
        "question": one.query.text, "before": one.before.name.lower(), "after": one.after.name.lower(),
        "instead": one.instead, "is_lost": one.is_lost,
    }  # fmt: skip
