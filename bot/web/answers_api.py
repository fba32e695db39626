"""HTTP for answers on their way into the knowledge base, and for looking something up there."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from bot import answers, retrieval
from bot.access import Action
from bot.answer_draft import AnswerDraft
from bot.answers import Checked
from bot.errors import NoIndex, Refused, Unavailable
from bot.knowledge import Hit, language_of
from bot.ports import Bot
from bot.web.console_login import Denied, Seat, may
from bot.web.served import served

N_FOUND = 10  # passages of a search
MOST_EXAMPLES = 50
_WORDS = Field("", max_length=20_000)  # what is too long for an answer is said in a sentence, not in a code


async def _unstored(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


router = APIRouter(prefix="/v1/console", dependencies=[Depends(_unstored)])
Reader = Annotated[Seat, Depends(may(Action.READ))]
Writer = Annotated[Seat, Depends(may(Action.SUGGEST))]
Publisher = Annotated[Seat, Depends(may(Action.PUBLISH))]
Phrasing = Annotated[str, Field(max_length=20_000)]


class Suggestion(BaseModel):
    """Either a message of a conversation, or a question that several customers asked."""

    conversation: str = Field("", max_length=64)
    question_seq: int = Field(0, ge=0, lt=2**31)
    reply_seq: int | None = Field(None, ge=1, lt=2**31)
    question: str = _WORDS
    answer: str = _WORDS
    language: Literal["", "en", "zh"] = ""
    examples: list[Phrasing] = Field([], max_length=MOST_EXAMPLES)


class Edit(BaseModel):
    question: str = _WORDS
    answer: str = _WORDS
    language: str = Field("", max_length=16)
    phrasings: list[Phrasing] = Field([], max_length=MOST_EXAMPLES)
    category: str = Field("", max_length=1_000)


def _bot(request: Request) -> Bot:
    return served(request).bot


# ── the knowledge base ──


@router.get("/passages")
async def passages(
    request: Request, who: Reader, q: Annotated[str, Query(max_length=400)] = "", language: str = ""
) -> dict[str, Any]:
    """Live passages, best first; in any language when none is named."""
    if not q.strip():
        return {"passages": []}
    try:
        found = await retrieval.search(_bot(request), q, language=language[:16] or language_of(q), k=N_FOUND)
    except NoIndex:
        return {"passages": []}
    return {"passages": [_found(hit) for hit in found.hits]}


# ── answers ──


@router.get("/answers")
async def every(
    request: Request, who: Writer, status: Literal["", "draft", "published", "dismissed"] = ""
) -> dict[str, Any]:
    return {"answers": [_shown(draft) for draft in await _bot(request).drafts.drafts(status)]}


@router.post("/answers", status_code=201)
async def suggest(request: Request, who: Writer, asked: Suggestion) -> dict[str, Any]:
    bot = _bot(request)
    if asked.conversation:
        draft = await answers.suggest(bot, who.agent, asked.conversation, asked.question_seq, asked.reply_seq)
    elif asked.question.strip():
        draft = await answers.suggest_for(
            bot, who.agent, asked.question, answer=asked.answer, language=asked.language, examples=asked.examples
        )
    else:
        raise Refused("Name a conversation with the message that asks, or a question.")
    return _shown(draft)


@router.get("/answers/{id}")
async def one(request: Request, who: Writer, id: str) -> dict[str, Any]:
    return _shown(await _bot(request).drafts.draft(id))


@router.put("/answers/{id}")
async def edit(request: Request, who: Writer, id: str, asked: Edit) -> dict[str, Any]:
    return _shown(await answers.edit(_bot(request), who.agent, id, **asked.model_dump()))


@router.post("/answers/{id}/check")
async def check(request: Request, who: Writer, id: str) -> dict[str, Any]:
    bot = _bot(request)
    return _checked(await answers.check(bot, await bot.drafts.draft(id)))


@router.post("/answers/{id}/publish")
async def publish(request: Request, who: Publisher, id: str) -> dict[str, Any]:
    try:
        return _shown(await answers.publish(_bot(request), id))
    except Unavailable as error:  # says what was done and what to do: the agents' business, not the customers'
        raise Denied(503, "unavailable", says=str(error)) from error


@router.post("/answers/{id}/dismiss")
async def dismiss(request: Request, who: Publisher, id: str) -> dict[str, Any]:
    return _shown(await answers.dismiss(_bot(request), id))


# ── what they say ──


def _shown(draft: AnswerDraft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "status": draft.status.value,
        "question": draft.question,
        "answer": draft.answer,
        "language": draft.language,
        "phrasings": list(draft.phrasings),
        "category": draft.category,
        "conversation": draft.conversation,
        "by": {"id": draft.agent_id, "name": draft.agent_name},
        "created_at": draft.created_at and draft.created_at.isoformat(),
        "published_at": draft.published_at and draft.published_at.isoformat(),
        "passage": draft.passage,
        "document": draft.document,
    }


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "nearest": [_found(hit) for hit in checked.nearest],
        "conflicts": [
            {"passage": one.passage.id, "title": one.passage.title, "text": one.passage.text, "why": one.why}
            for one in checked.conflicts
        ],
        "problems": list(checked.problems),
    }


def _found(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    return {
        "passage": passage.id,
        "document": passage.document,
        "anchor": passage.anchor,
        "title": passage.title,
        "text": passage.text,
        "url": passage.url,
        "language": passage.language,
        "score": round(hit.score, 4),
        "dense": round(hit.dense, 4),
        "lexical": round(hit.lexical, 4),
        "coverage": round(hit.coverage, 4),
        "live": True,
    }
