"""The `bot` command: serve, ingest, kb, ask, why, evaluate, calibrate, agent, train, backup, restore, doctor …"""

from pathlib import Path
from typing import Annotated

import typer

from bot import backup_commands, calibrate_commands, commands, ingest_commands, judge_commands, why_commands
from bot.agent_commands import agents_app
from bot.kb_commands import kb_app
from bot.output import Output
from bot.shell import guarded, run, settings

app = typer.Typer(
    help="The customer-service bot that answers only what your own pages carry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(agents_app, name="agent")
app.add_typer(kb_app, name="kb")
app.command("ingest")(ingest_commands.command)
app.command("calibrate")(calibrate_commands.command)
app.command("why")(why_commands.command)
app.command("backup")(backup_commands.backup)
app.command("restore")(backup_commands.restore)

JUDGED = Path("knowledge_base/judged")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: BOT_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one (default: BOT_PORT).")] = None,
) -> None:
    """Serve the widget and its websocket API."""
    run(commands.serve(settings(host=host, port=port), Output()))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask; without it, ask line by line.")] = "",
    why: Annotated[
        bool, typer.Option("--why", help="Show all evidence: hits, scores, prompt, draft, verdicts.")
    ] = False,
    attention: Annotated[
        Path | None, typer.Option(help="Draw which passage words each word of the draft attended to into this PNG.")
    ] = None,
    json: Json = False,
) -> None:
    """Ask the bot, as a customer would, and see its reply with citations and scores."""
    run(commands.ask(settings(), Output(json), question, why, attention))


@app.command()
def evaluate(
    directory: Annotated[
        Path | None, typer.Argument(help="A BEIR-shaped folder (default: knowledge_base/judged).")
    ] = None,
    grounded: Annotated[
        Path | None, typer.Option(help="Compose replies from the passages of each row instead.")
    ] = None,
    per_query: Annotated[Path | None, typer.Option(help="Write ranked ids and scores of each query here.")] = None,
    per_row: Annotated[
        Path | None, typer.Option(help="With --grounded: write each reply and its verdict here.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="With --grounded: a second model (folder or Hugging Face id) to compare with.")
    ] = None,
    parity: Annotated[
        bool, typer.Option("--parity", help="List FAQs that work in one language only, on the live index.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Only the first so many rows or queries; 0 takes all.")] = 0,
    json: Json = False,
) -> None:
    """Measure retrieval, the decision to answer, or (with --grounded) the phrasing."""
    output = Output(json)
    if grounded is not None:
        run(judge_commands.grounded(settings(), output, grounded, per_row, limit, against))
    elif parity:
        run(judge_commands.parity(settings(), output, directory or JUDGED, limit))
    elif directory is not None:
        run(judge_commands.corpus(settings(), output, directory, per_query, limit))
    else:
        run(judge_commands.live(settings(), output, JUDGED, per_query, limit))


@app.command()
def train(
    what: Annotated[str, typer.Argument(help="What to train: composer.")],
    config: Annotated[Path, typer.Option(help="The recipe.")] = Path("bot/models/composer/training.toml"),
    corpus: Annotated[Path, typer.Option(help="Folder with lm.jsonl.gz and grounded.jsonl.gz.")] = Path("corpus"),
    output: Annotated[Path, typer.Option(help="Where the checkpoint is written.")] = Path("var/composer"),
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes (default: the recipe's).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in the output.")] = False,
) -> None:
    """Train a model of our own: the composer that phrases replies."""
    if what != "composer":
        raise typer.BadParameter("only `composer` can be trained", param_hint="WHAT")
    guarded(lambda: commands.train(Output(), config, corpus, output, minutes, resume))


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="`head`, `base`, or a revision to go up or down to.")] = "head",
) -> None:
    """Bring the database's tables up to date."""
    guarded(lambda: commands.migrate(settings(), Output(), revision))


@app.command()
def doctor(json: Json = False) -> None:
    """Check models, index and database, and say what to fix."""
    run(commands.doctor(settings(), Output(json)))


def main() -> None:
    app(prog_name="bot")
