"""`bot agent …`: the people who answer customers. Nothing here loads a model: only the database and the passwords."""

import asyncio
import getpass
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer

from bot import bootstrap, shell
from bot import login as agents
from bot.access import Agent, Role
from bot.errors import Refused
from bot.login import CAPACITY, Desk
from bot.output import Output

Login = Annotated[str, typer.Argument(help="What they log in with: letters, digits, or . _ - @")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it, once.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Roles = Annotated[Role, typer.Argument(help="What they may do from now on.")]

T = TypeVar("T")

agents_app = typer.Typer(help="The people who answer customers.", no_args_is_help=True)


@agents_app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="What customers and colleagues read (default: the login).")] = "",
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    capacity: Annotated[int, typer.Option(help="Conversations they take at once.")] = CAPACITY,
    generate: Generate = False,
    json: Json = False,
) -> None:
    """Add an agent. The password is asked for twice, or is the first line of standard input."""

    def work() -> int:
        agents.check_agent(login, name or login, capacity)  # before anybody types a password
        password = _password(generate)
        made = _at_the_desk(lambda desk: agents.add_agent(desk, login, name or login, password, role, capacity))
        return _say(Output(json), made, f"{made.login} may log in now, as {made.role}", password if generate else "")

    shell.guarded(work)


@agents_app.command("list")
def everybody(json: Json = False) -> None:
    """List all agents."""

    def work() -> int:
        output, every = Output(json), _at_the_desk(lambda desk: desk.roster.agents())
        rows = [[a.login, a.name, a.role.value, str(a.capacity), "yes" if a.is_active else "no"] for a in every]
        output.table(["login", "name", "role", "capacity", "may log in"], rows)
        output.result({"agents": [asdict(agent) for agent in every]})
        return 0

    shell.guarded(work)


@agents_app.command()
def disable(login: Login, json: Json = False) -> None:
    """Let somebody log in no more; their open consoles close within a second."""
    _change(lambda desk: agents.disable(desk, login), "{} may not log in any more", json)


@agents_app.command()
def enable(login: Login, json: Json = False) -> None:
    """Let somebody log in again, with the password they had."""
    _change(lambda desk: agents.enable(desk, login), "{} may log in again", json)


@agents_app.command()
def role(login: Login, role: Roles, json: Json = False) -> None:
    """Change what somebody may do; they have to log in again."""
    _change(lambda desk: agents.change_role(desk, login, role), f"{{}} is {role.value} now", json)


@agents_app.command("reset-password")
def reset_password(login: Login, generate: Generate = False, json: Json = False) -> None:
    """Give somebody a new password; they have to log in again."""

    def work() -> int:
        _at_the_desk(lambda desk: agents.find_agent(desk, login))
        password = _password(generate)
        made = _at_the_desk(lambda desk: agents.reset_password(desk, login, password))
        return _say(Output(json), made, f"{made.login} has a new password", password if generate else "")

    shell.guarded(work)


async def first_agent_line(desk: Desk, base: str) -> str:
    """What `bot serve` prints as long as nobody can log in; "" otherwise. There is no default password."""
    if any(agent.is_active for agent in await desk.roster.agents()):
        return ""
    return f"No agents yet: make the first one with `bot agent add LOGIN --role admin`, then log in at {base}/console"


# ── what they share ──


def _at_the_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    settings = shell.settings()

    async def run() -> T:
        async with bootstrap.staff(settings) as desk:
            return await work(desk)

    return asyncio.run(run())


def _change(work: Callable[[Desk], Awaitable[Agent]], sentence: str, is_json: bool) -> None:
    def change() -> int:
        changed = _at_the_desk(work)
        return _say(Output(is_json), changed, sentence.format(changed.login))

    shell.guarded(change)


def _say(output: Output, agent: Agent, sentence: str, password: str = "") -> int:
    output.line(sentence)
    if password:
        output.line(f"password: {password}")
    output.result({**asdict(agent), **({"password": password} if password else {})})
    return 0


def _password(is_generated: bool) -> str:
    """Without echo, and twice, when somebody types it."""
    if is_generated:
        return secrets.token_urlsafe(15)
    if not sys.stdin.isatty():
        return _line()
    try:
        typed = getpass.getpass("password: ")
        if getpass.getpass("the same again: ") == typed:
            return typed
    except EOFError:
        raise Refused("no password was typed") from None
    raise Refused("these were two different passwords")


def _line() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeError:
        raise Refused("the password on standard input is not text") from None
    if not line:
        raise Refused("no password on standard input: write it there as one line, or say --generate")
    return line.rstrip("\r\n")
