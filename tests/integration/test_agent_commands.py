"""`bot agent …`: what people type, what programs read, and that no model is loaded for it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from typer.testing import CliRunner, Result

from bot import bootstrap, login
from bot.access import Agent, Role
from bot.agent_commands import agents_app, first_agent_line
from bot.bootstrap import Staff
from bot.login import CAPACITY
from bot.settings import Settings
from tests.desks import FakeDesk
from tests.fake_roster import FakeRoster
from tests.running import environment

PASSWORD = "correct horse battery"
T = TypeVar("T")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, own_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a database of today's tables: `bot.db`, as the fixture calls it."""
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BOT_DATABASE_URL", own_sqlite_url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str | bytes = f"{PASSWORD}\n") -> Result:
    return CliRunner().invoke(agents_app, list(arguments), input=stdin)


def added(*arguments: str, stdin: str = f"{PASSWORD}\n") -> dict[str, Any]:
    ran = run("add", *arguments, "--json", stdin=stdin)
    assert ran.exit_code == 0, ran.output
    made: dict[str, Any] = json.loads(ran.stdout)
    return made


def at_the_desk(work: Callable[[Staff], Awaitable[T]]) -> T:
    async def go() -> T:
        async with bootstrap.staff(Settings()) as staff:
            return await work(staff)

    return asyncio.run(go())


def opens(name: str, password: str) -> bool:
    async def look(staff: Staff) -> bool:
        _, stored = await staff.roster.agent_by_login(name)
        return await staff.passwords.verify(stored, password)

    return at_the_desk(look)


def listed() -> list[dict[str, Any]]:
    every: list[dict[str, Any]] = json.loads(run("list", "--json").stdout)["agents"]
    return every


# ── add ──


def test_an_agent_is_added_with_the_password_on_standard_input() -> None:
    ran = run("add", "Ann", "--name", "Ann B.", "--role", "admin", "--capacity", "3")
    assert ran.exit_code == 0
    assert "ann may log in now, as admin" in ran.stdout
    assert PASSWORD not in ran.output
    assert [{**one, "id": ""} for one in listed()] == [
        {"id": "", "login": "ann", "name": "Ann B.", "role": "admin", "capacity": 3, "is_active": True}
    ]
    assert opens("ann", PASSWORD)


def test_without_options_they_are_an_agent_called_as_they_log_in() -> None:
    made = added("ann")
    assert (made["name"], made["role"], made["capacity"], made["is_active"]) == ("ann", "agent", CAPACITY, True)
    assert "password" not in made


def test_a_generated_password_is_printed_once_and_opens_the_door() -> None:
    password = added("ann", "--generate", stdin="")["password"]
    assert len(password) >= 20
    assert opens("ann", password)
    shown = run("add", "bob", "--generate", stdin="").stdout
    assert opens("bob", shown.split("password: ")[1].strip())
    assert "password" not in run("list").stdout.replace("password: ", "")


def test_a_password_keeps_its_spaces_and_only_the_first_line_counts() -> None:
    added("ann", stdin="  spaces matter here  \r\nanother line\n")
    assert opens("ann", "  spaces matter here  ")


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["an"], f"{PASSWORD}\n", "a login is 3 to 64"),
        (["ann", "--name", "Ann\x07"], f"{PASSWORD}\n", "control characters"),
        (["ann", "--capacity", "0"], f"{PASSWORD}\n", "1 to 100 conversations"),
        (["ann"], "short\n", "at least 10"),
        (["ann"], "", "no password on standard input"),
        (["ann"], "\n", "at least 10"),
        (["ann"], b"\xff\xfe not text at all\n", "not text"),
        (["annannannann"], "annannannann\n", "something else than the login"),
    ],
    ids=lambda one: str(one).encode("ascii", "replace").decode()[:40],
)
def test_what_is_wrong_is_a_sentence_and_nobody_is_added(arguments: list[str], stdin: str | bytes, says: str) -> None:
    ran = run("add", *arguments, stdin=stdin)
    assert ran.exit_code == 1
    assert says in ran.stderr
    assert "Traceback" not in ran.output
    assert listed() == []


def test_a_role_that_is_none_is_a_usage_error() -> None:
    ran = run("add", "ann", "--role", "owner")
    assert ran.exit_code == 2
    assert listed() == []


def test_a_login_that_is_taken_stays_whose_it_was() -> None:
    added("ann")
    ran = run("add", "ANN", stdin="another password\n")
    assert (ran.exit_code, "the login ann is taken" in ran.stderr) == (1, True)
    assert opens("ann", PASSWORD)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What somebody types without echo, one entry for each time they are asked."""
    typed: list[str] = []

    def ask(prompt: str) -> str:
        if not typed:
            raise EOFError
        return typed.pop(0)

    monkeypatch.setattr("bot.agent_commands.getpass.getpass", ask)
    monkeypatch.setattr("bot.agent_commands.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    return typed


def test_at_a_terminal_the_password_is_typed_twice(terminal: list[str]) -> None:
    terminal[:] = [PASSWORD, PASSWORD]
    assert run("add", "ann", stdin="").exit_code == 0
    assert opens("ann", PASSWORD)
    assert terminal == []


@pytest.mark.parametrize(
    ("typed", "says"),
    [([PASSWORD, "something else"], "two different passwords"), ([PASSWORD], "no password"), ([], "no")],
)
def test_a_slip_of_the_keyboard_adds_nobody(terminal: list[str], typed: list[str], says: str) -> None:
    terminal[:] = typed
    ran = run("add", "ann", stdin="")
    assert (ran.exit_code, says in ran.stderr) == (1, True)
    assert listed() == []


def test_nobody_types_a_password_for_a_login_that_cannot_be(terminal: list[str]) -> None:
    terminal[:] = [PASSWORD, PASSWORD]
    assert run("add", "no login", stdin="").exit_code == 1
    assert run("reset-password", "nobody", stdin="").exit_code == 1
    assert len(terminal) == 2


# ── list and change ──


def test_the_list_is_a_table_for_people() -> None:
    added("zoe", "--role", "supervisor")
    added("ann", "--name", "Ann B.")
    run("disable", "zoe")
    lines = run("list").stdout.splitlines()
    assert lines == [
        "login\tname\trole\tcapacity\tmay log in",
        f"ann\tAnn B.\tagent\t{CAPACITY}\tyes",
        f"zoe\tzoe\tsupervisor\t{CAPACITY}\tno",
    ]


def test_disabled_and_enabled_again() -> None:
    added("ann")
    assert "ann may not log in any more" in run("disable", "Ann").stdout
    assert not listed()[0]["is_active"]
    assert json.loads(run("enable", "ann", "--json").stdout)["is_active"]
    assert listed()[0]["is_active"]
    assert opens("ann", PASSWORD)


def test_a_role_is_changed_by_name() -> None:
    added("ann")
    assert "ann is supervisor now" in run("role", "ann", "supervisor").stdout
    assert listed()[0]["role"] == "supervisor"
    assert run("role", "ann", "owner").exit_code == 2


def test_a_password_is_reset() -> None:
    added("ann")
    assert "ann has a new password" in run("reset-password", "ann", stdin="another password\n").stdout
    assert opens("ann", "another password")
    assert not opens("ann", PASSWORD)
    made = json.loads(run("reset-password", "ann", "--generate", "--json", stdin="").stdout)
    assert opens("ann", made["password"])


@pytest.mark.parametrize("change", [["disable"], ["role", "admin"], ["reset-password"]], ids=lambda one: one[0])
def test_whoever_is_changed_is_logged_out_while_the_server_runs(change: list[str]) -> None:
    made = added("ann")
    agent = Agent(**{**made, "role": Role(made["role"])})
    at_the_desk(lambda staff: staff.roster.start_session(agent.id, "s1", "secret", staff.now()))
    assert at_the_desk(lambda staff: login.still_valid(staff, "secret")) is not None
    assert run(change[0], "ann", *change[1:], stdin="another password\n").exit_code == 0
    assert at_the_desk(lambda staff: login.still_valid(staff, "secret")) is None


@pytest.mark.parametrize("command", [["disable"], ["enable"], ["reset-password"], ["role"]], ids=lambda one: one[0])
def test_nobody_by_that_login_is_a_sentence(command: list[str]) -> None:
    ran = run(*command, "nobody", *(["admin"] if command == ["role"] else []))
    assert ran.exit_code == 1
    assert "no agent with the login nobody" in ran.stderr


def test_a_database_that_cannot_be_reached_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_DATABASE_URL", "postgresql://nobody@/none?host=/nowhere")
    ran = run("list")
    assert ran.exit_code == 1
    assert "database" in ran.stderr
    assert "Traceback" not in ran.output


def test_a_setting_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PORT", "none")
    ran = run("list")
    assert ran.exit_code == 2
    assert "BOT_PORT" in ran.stderr


def test_no_model_is_loaded_for_it(data_dir: Path, own_sqlite_url: str) -> None:
    """A process of its own, as it is typed: torch would take longer than all of it."""
    program = (
        "import sys\nfrom bot.agent_commands import agents_app\n"
        "try: agents_app()\nfinally: print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "add", "ann", "--role", "admin"], input=f"{PASSWORD}\n", text=True,
        capture_output=True, check=True, cwd=Path(__file__).parents[2],
        env=environment(data_dir, BOT_DATABASE_URL=own_sqlite_url),
    )  # fmt: skip
    assert "ann may log in now, as admin" in ran.stdout
    loaded = set(ran.stderr.split())
    assert "argon2" in loaded
    assert not loaded & {"torch", "faiss", "transformers", "sentence_transformers", "uvicorn", "fastapi"}


# ── the first one ──


async def test_a_server_without_agents_says_how_to_make_one() -> None:
    desk = FakeDesk(FakeRoster())
    line = await first_agent_line(desk, "http://127.0.0.1:8000")
    assert "bot agent add LOGIN --role admin" in line
    assert "http://127.0.0.1:8000/console" in line
    await login.add_agent(desk, "ann", "Ann", PASSWORD)
    assert await first_agent_line(desk, "http://127.0.0.1:8000") == ""
    await login.disable(desk, "ann")
    assert await first_agent_line(desk, "http://127.0.0.1:8000") == line
