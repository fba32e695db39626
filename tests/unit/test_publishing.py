"""Jobs of the console: one at a time, told while they last, and every end of them is told."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import Conflict, NotFound, Refused
from bot.indexing import Progress
from bot.publishing import REMEMBERED, Job, Publishing
from tests.fakes import eventually


def comes_to(result: Any) -> Callable[[Progress], Any]:
    async def work(progress: Progress) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return work


async def over(job: Job) -> Job:
    await eventually(lambda: job.is_over)
    return job


async def test_a_job_tells_how_far_it_is_and_what_it_came_to() -> None:
    go = asyncio.Event()

    async def work(progress: Progress) -> str:
        progress("embed", 3, 9)
        await go.wait()
        return "done"

    publishing = Publishing()
    job = publishing.start("Ana", work)
    await eventually(lambda: job.stage)
    assert (job.stage, job.done, job.total, job.is_over) == ("embed", 3, 9, False)
    with pytest.raises(Conflict, match="Ana is changing"):
        publishing.start("Ben", work)
    go.set()
    assert (await over(publishing.job(job.id))).result == "done"
    assert publishing.start("Ben", comes_to("")).by == "Ben"
    await publishing.stop()


@pytest.mark.parametrize(
    ("error", "name", "says"),
    [(Refused("Too long."), "refused", "Too long."), (RuntimeError("secret"), "internal", "")],
)
async def test_what_goes_wrong_is_told_and_secrets_are_not(error: Exception, name: str, says: str) -> None:
    job = await over(Publishing().start("Ana", comes_to(error)))
    assert (job.error, job.says, job.result) == (name, says, None)


async def test_a_server_that_stops_ends_what_runs() -> None:
    publishing = Publishing()
    await publishing.stop()
    job = publishing.start("Ana", lambda progress: asyncio.sleep(60))
    await asyncio.sleep(0)
    await publishing.stop()
    assert (job.is_over, job.error) == (True, "stopped")


async def test_only_the_newest_jobs_are_remembered() -> None:
    publishing = Publishing()
    jobs = [await over(publishing.start("Ana", comes_to(n))) for n in range(REMEMBERED + 1)]
    with pytest.raises(NotFound):
        publishing.job(jobs[0].id)
    assert [publishing.job(job.id).result for job in jobs[1:]] == list(range(1, REMEMBERED + 1))
