"""What changes the knowledge base from the console: one thing at a time, told while it lasts."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.errors import BotError, Conflict, NotFound
from bot.indexing import Progress

REMEMBERED = 20  # jobs that are over, for the pages that still ask

log = logging.getLogger(__name__)
Work = Callable[[Progress], Awaitable[Any]]


@dataclass(slots=True)
class Job:
    """`result` is what the work came to; `error` what stood in its way, and `says` that in a sentence."""

    id: str
    by: str
    stage: str = ""
    done: int = 0
    total: int = 0
    is_over: bool = False
    result: Any = None
    error: str = ""
    says: str = ""

    def step(self, stage: str, done: int, total: int) -> None:
        self.stage, self.done, self.total = stage, done, total


class Publishing:
    """The jobs of one server."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, by: str, work: Work) -> Job:
        """Returns at once. Raises Conflict while another one runs."""
        if running := next((one for one in self._jobs.values() if not one.is_over), None):
            raise Conflict(f"{running.by} is changing the knowledge base just now: try again in a moment.", "busy")
        job = Job(secrets.token_hex(8), by)
        self._jobs = dict(list(self._jobs.items())[1 - REMEMBERED :]) | {job.id: job}
        self._task = asyncio.create_task(_run(job, work))
        return job

    def job(self, id: str) -> Job:
        if id not in self._jobs:
            raise NotFound("there is no such job, or no longer")
        return self._jobs[id]

    async def stop(self) -> None:
        """What runs is given a chance to end; what was published by then is whole, as ever."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def _run(job: Job, work: Work) -> None:
    try:
        job.result = await work(job.step)
    except asyncio.CancelledError:
        job.error, job.says = "stopped", "The server was stopped meanwhile."
        raise
    except BotError as error:
        job.error, job.says = type(error).__name__.lower(), str(error)
    except Exception:
        log.exception("a job of the console failed")
        job.error = "internal"
    finally:
        job.is_over = True
