"""For all tests: whatever blocks the event loop fails the test that ran it."""

import inspect
import os
from collections.abc import Iterator

import hypothesis
import pytest
from blockbuster import BlockBuster

# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# (file, function, why the blocking calls below it are acceptable)
ALLOWED = (
    ("bot/web/app.py", "create_app", "it looks for its folder of static files once, before any connection"),
    ("/mimetypes.py", "init", "it reads the system's list of file types once a process"),
    ("bot/settings.py", "_zone", "it reads the time zone's file when settings are read, before anything runs"),
    ("bot/adapters/database.py", "sqlite_engine", "it makes the file's path absolute once, when the store is made"),
)


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """BlockBuster, for async tests: calls made by our own code while a loop runs in the same thread."""
    if not inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        yield
        return
    watch = BlockBuster("bot")
    for file, function, _ in ALLOWED:
        for blocking in watch.functions.values():
            blocking.can_block_in(file, function)
    watch.activate()
    try:
        yield
    finally:
        watch.deactivate()


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a skipped test is a failure: what was not run was not shown to work."""
    if _skipped and os.environ.get("CI"):
        print(f"\n{len(_skipped)} skipped under CI, which counts as failed: {', '.join(_skipped[:5])}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
