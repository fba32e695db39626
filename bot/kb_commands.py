"""`bot kb …`: the knowledge base over time. Nothing here loads a model, or encodes anything."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

import typer

from bot import bootstrap, bootstrap_content, kb, lint_commands, recall_commands, shell
from bot.errors import Unavailable
from bot.indexes import Manifest
from bot.kb import Difference, Generation
from bot.knowledge import Passage
from bot.lint import MOST_WORDS
from bot.output import Output
from bot.ports import Bot
from bot.settings import Settings
from bot.word_diff import Mark, word_diff

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Which = Annotated[str, typer.Argument(help="A generation's name, or how many publications ago it was; 0 is live.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the history.")]

T = TypeVar("T")

kb_app = typer.Typer(help="What the bot knows: what is live, what changed, the way back.", no_args_is_help=True)


@kb_app.command()
def status(
    verify: Annotated[bool, typer.Option("--verify", help="Verify every generation that is kept.")] = False,
    json: Json = False,
) -> None:
    """Tell what is live, and whether it is whole and holds what the database holds."""

    def work() -> int:
        output, found = Output(json), _with_the_shelf(lambda bot: kb.status(bot, everything=verify))
        _show_status(output, found)
        live = _about(found.live) if found.live else None
        output.result({**asdict(found), "live": live})
        return 0 if found.live and found.is_current and not found.damage else 1

    shell.guarded(work)


@kb_app.command()
def history(json: Json = False) -> None:
    """List what was published, when, by whom and why; what is kept can be gone back to."""

    def work() -> int:
        output, past = Output(json), _with_the_shelf(kb.history)
        rows = [[_counted(one), *map(str, _about(one).values())][:7] for one in reversed(past)]
        output.table(["back", "name", "at", "passages", "action", "by", "reason"], rows)
        output.result({"generations": [{**_about(one), "back": one.back} for one in past]})
        return 0

    shell.guarded(work)


@kb_app.command()
def diff(
    a: Annotated[str, typer.Argument(help="The older one: a name, or how many publications ago.")] = "1",
    b: Annotated[str, typer.Argument(help="The newer one.")] = "0",
    words: Annotated[bool, typer.Option("--words", help="Show what changed word by word.")] = False,
    json: Json = False,
) -> None:
    """Tell what changed between two generations."""

    async def compare(bot: Bot) -> Difference:
        return await kb.diff(bot, await kb.named(bot, a), await kb.named(bot, b))

    def work() -> int:
        output, found = Output(json), _with_the_shelf(compare)
        _show_difference(output, found, words)
        output.result(_difference(found))
        return 0

    shell.guarded(work)


@kb_app.command()
def rollback(which: Which, reason: Reason = "", json: Json = False) -> None:
    """Publish again what an earlier generation held; a running server follows by itself."""

    async def back(bot: Bot) -> kb.Return:
        return await kb.rollback(bot, await kb.named(bot, which), shell.who(), reason)

    def work() -> int:
        output, made = Output(json), _with_the_shelf(back)
        name = made.manifest.generation
        output.line(f"{name} is live and holds what {made.to} held: {_counts(made)}", "bold")
        output.line("Your files still say what they said: the next `bot ingest` publishes that again.")
        revived, retired = ([one.anchor for one in some] for some in (made.revived, made.retired))
        output.result({"generation": name, "to": made.to, "revived": revived, "retired": retired})
        return 0

    shell.guarded(work)


@kb_app.command()
def prune(
    keep: Annotated[int, typer.Option(min=1, help="Generations that stay, the live one always.")] = 5,
    json: Json = False,
) -> None:
    """Remove the files of old generations."""

    def work() -> int:
        output, removed = Output(json), _with_the_shelf(lambda bot: kb.prune(bot, keep))
        output.line(f"removed: {', '.join(removed)}" if removed else "nothing to remove")
        output.result({"removed": removed})
        return 0

    shell.guarded(work)


@kb_app.command()
def lint(
    max_words: Annotated[int, typer.Option(help="The longest answer that somebody reads.")] = MOST_WORDS,
    json: Json = False,
) -> None:
    """Look through what is live: conflicts, duplicates, personal data, dead links."""
    pairs = bootstrap_content.near_pairs()
    shell.guarded(lambda: _with_the_shelf(lambda bot: lint_commands.lint(bot, Output(json), pairs, max_words)))


@kb_app.command()
def expiring(
    days: Annotated[int, typer.Option(help="How far to look ahead.")] = 30,
    json: Json = False,
) -> None:
    """List what is over, ends or begins soon, or names a day that has passed."""
    shell.guarded(lambda: _with_the_shelf(lambda bot: lint_commands.expiring(bot, Output(json), days)))


@kb_app.command()
def affected(
    days: Annotated[int, typer.Option(min=0, max=3650, help="How long ago a closed conversation may be.")] = 14,
    json: Json = False,
) -> None:
    """List conversations that were told what has changed since."""
    shell.run(recall_commands.affected(shell.settings(), Output(json), days))


# ── what they share ──


@dataclass
class _Unloaded:
    """The embedder that made the live generation, by name: what it made can be told apart, and nothing be added."""

    name: str
    dimension: int
    languages: frozenset[str] = frozenset()

    def embed(self, *_: Any, **__: Any) -> Any:
        raise Unavailable("this command loads no model: run `bot ingest` instead")

    read = embed


@asynccontextmanager
async def shelf(settings: Settings) -> AsyncIterator[Bot]:
    """A Bot without models."""
    if settings.is_sqlite:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        await bootstrap.migrated(settings)
    silent = settings.model_copy(update={"generator": "none"})
    maker = await asyncio.to_thread(_maker, settings)
    async with bootstrap.assembled(silent, embedder=maker) as bot:
        await bot.store.check()
        yield bot


def _maker(settings: Settings) -> _Unloaded:
    indexes = bootstrap.make_indexes(settings, _Unloaded("", 0))
    kept, live = indexes.generations(), indexes.live()
    made = next((one for one in kept if one.generation == live), kept[-1] if kept else None)
    return _Unloaded(made.embedder, made.dimension) if made else _Unloaded("", 0)


def verified(settings: Settings) -> Manifest:
    """The live generation: every file against its checksum, none loaded. Raises NotFound, IndexDamaged. Blocks."""
    indexes = bootstrap.make_indexes(settings, _Unloaded("", 0))  # of no embedder: there is nothing it could load
    manifest: Manifest = indexes.verify(indexes.live())
    return manifest


def _with_the_shelf(work: Callable[[Bot], Awaitable[T]]) -> T:
    settings = shell.settings()

    async def run() -> T:
        async with shelf(settings) as bot:
            return await work(bot)

    return asyncio.run(run())


# ── telling ──


def _show_status(output: Output, found: kb.Status) -> None:
    if found.live is None:
        output.line("no generation is live: run `bot ingest knowledge_base/`", "bold")
    else:
        about = _about(found.live)
        output.line(f"live: {found.live.name}, {about['passages']} passages, published {about['at']}", "bold")
        output.line(f"made by {found.live.published.manifest.embedder}; {len(found.kept)} generations are kept")
    if found.live and not found.is_current:
        output.problem(f"the database holds {found.n_passages} passages, and not these: run `bot ingest` again")
    for sentence in found.damage.values():
        output.problem(sentence)


def _about(one: Generation) -> dict[str, Any]:
    published, manifest = one.published, one.published.manifest
    return {
        "name": one.name, "at": published.at.isoformat(timespec="seconds"), "passages": manifest.passages,
        "action": published.action, "by": published.by, "reason": published.reason, "embedder": manifest.embedder,
    }  # fmt: skip


def _counted(one: Generation) -> str:
    return {None: "gone", 0: "live"}.get(one.back, str(one.back))


def _counts(made: kb.Return) -> str:
    return f"{len(made.revived)} passages are back, {len(made.retired)} are gone"


def _show_difference(output: Output, found: Difference, words: bool) -> None:
    for passage in found.removed:
        output.line(f"- {passage.anchor}  {plain(passage.title)}", "red")
    for passage in found.added:
        output.line(f"+ {passage.anchor}  {plain(passage.title)}", "green")
    for before, after in found.changed:
        output.line(f"~ {after.anchor}  {plain(after.title)}", "yellow")
        if words and not output.is_json:
            typer.echo(f"    {worded(before, after)}")
    unknown = f", {found.n_unknown} no longer known" if found.n_unknown else ""
    output.line(
        f"{found.before} → {found.after}: {len(found.added)} added, {len(found.changed)} changed, "
        f"{len(found.removed)} removed, {found.n_same} the same{unknown}"
    )


def worded(before: Passage, after: Passage) -> str:
    """Coloured where that is shown; the signs stay, for those who do not see colours."""
    return "".join(_STYLED[mark](plain(text)) for mark, text in word_diff(_said(before), _said(after)))


_STYLED: dict[Mark, Callable[[str], str]] = {
    "same": str,
    "gone": lambda text: typer.style(f"[-{text}-]", fg="red"),
    "new": lambda text: typer.style(f"{{+{text}+}}", fg="green"),
}


def _said(passage: Passage) -> str:
    return "\n".join((passage.title, *passage.phrasings, passage.text, passage.url)).strip()


def plain(text: str) -> str:
    """What stands in a file must not steer the terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", text).replace("\n", "\n    ")


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "before": found.before, "after": found.after, "same": found.n_same, "unknown": found.n_unknown,
        "added": _told(found.added), "removed": _told(found.removed),
        "changed": [{"anchor": new.anchor, "before": _text(old), "after": _text(new)} for old, new in found.changed],
    }  # fmt: skip


def _told(passages: Sequence[Passage]) -> list[dict[str, str]]:
    return [{"anchor": one.anchor, **_text(one)} for one in passages]


def _text(passage: Passage) -> dict[str, str]:
    return {"title": passage.title, "text": passage.text}
