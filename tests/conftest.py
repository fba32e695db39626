"""For all tests: whatever blocks the event loop fails the test that ran it."""

import inspect
from collections.abc import Callable, Iterator

import pytest
from blockbuster import BlockBuster

# Each entry says why the blocking call is acceptable.
ALLOWED: tuple[tuple[str, str, str], ...] = ()


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """BlockBuster, for async tests: calls made by our own code while a loop runs in the same thread."""
    if not inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        yield
        return
    watch = BlockBuster("bot")
    for name, file, function in ALLOWED:
        watch.functions[name].can_block_in(file, function)
    watch.activate()
    try:
        yield
    finally:
        watch.deactivate()


Eventually = Callable[[Callable[[], object]], object]
