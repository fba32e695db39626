"""One server on SQLite: who else comes is told, and a process that died holds nothing."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot import bootstrap_storage, commands
from bot.adapters.serving_lock import held
from bot.errors import Unavailable
from bot.output import Output
from bot.settings import Settings

HOLDER = """
import sys, time
from pathlib import Path
from bot.adapters.serving_lock import held
with held(Path(sys.argv[1]), alone=True, otherwise=""):
    print("held", flush=True)
    time.sleep(60)
"""


def other(path: Path) -> "subprocess.Popen[str]":
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    return lambda **given: Settings(_env_file=None, data_dir=tmp_path / "var", port=0, **given)  # type: ignore[call-arg]


def test_a_second_process_is_named_the_first_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    first = other(path)
    with (
        pytest.raises(Unavailable, match=f"^held by process {first.pid}$"),
        held(path, alone=True, otherwise="held by {who}"),
    ):
        pass
    first.kill()
    first.communicate()
    with held(path, alone=True, otherwise=""):
        assert path.read_text() == str(os.getpid())
        assert path.stat().st_mode & 0o777 == 0o600


def test_many_hold_it_together_and_nobody_alone_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with ExitStack() as together:
        for _ in range(2):
            together.enter_context(held(path, alone=False, otherwise=""))
        with pytest.raises(Unavailable, match="another process"):
            together.enter_context(held(path, alone=True, otherwise="{who}"))
    with held(path, alone=True, otherwise=""), ExitStack() as beside, pytest.raises(Unavailable, match="taken"):
        beside.enter_context(held(path, alone=False, otherwise="taken"))


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(Unavailable, match="cannot be written"),
        held(tmp_path / "file" / "lock", alone=True, otherwise=""),
    ):
        pass


def test_a_second_server_on_one_sqlite_file_is_refused_before_it_touches_anything(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    with bootstrap_storage.serving(settings()):
        with pytest.raises(Unavailable, match=rf"process {os.getpid()}\) has this database already"):
            asyncio.run(commands.serve(settings(), Output()))
        assert not (tmp_path / "var" / "bot.sqlite").exists()
        with bootstrap_storage.serving(settings(database_url=f"sqlite:///{tmp_path}/elsewhere.sqlite")):
            pass


def test_servers_on_postgresql_share_a_data_folder(settings: Callable[..., Settings]) -> None:
    many = settings(database_url="postgresql://nobody@localhost/none", redis_url="redis://localhost")
    with bootstrap_storage.serving(many), bootstrap_storage.serving(many):
        pass


def test_redis_beside_sqlite_is_refused_with_what_to_do(settings: Callable[..., Settings]) -> None:
    with pytest.raises(Unavailable, match="take BOT_REDIS_URL away"):
        asyncio.run(commands.serve(settings(redis_url="redis://localhost"), Output()))
