import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.access import Agent, Role
from bot.attempts import Attempts
from bot.desk import Unanswered
from bot.engagements import Fact
from bot.errors import Unavailable
from bot.settings import Settings
from bot.tickets import OwnTickets
from bot.web import console_login
from bot.web.app import create_app
from bot.web.auth import Seat
from bot.web.served import Served
from bot.web.sockets import Doors
from tests.fakes import AT, fake_bot
from tests.history import History

PATHS = ("metrics", "unanswered", "export/conversations.csv", "export/unanswered.csv")


class FakeRecords:
    """Keeps what it was given; `fails` is raised instead."""

    def __init__(self) -> None:
        self.histories: list[History] = []
        self.questions: list[Unanswered] = []
        self.asked: list[tuple[datetime, datetime]] = []
        self.fails: Exception | None = None

    async def facts(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Fact]]:
        self._answer()
        self.asked.append((since, until))
        for history in self.histories:
            yield history.facts

    async def unanswered(self, since: datetime, limit: int) -> Sequence[Unanswered]:
        self._answer()
        return [one for one in self.questions if one.at >= since][:limit]

    def _answer(self) -> None:
        if self.fails is not None:
            raise self.fails


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
def app(records: FakeRecords) -> FastAPI:
    settings = Settings(_env_file=None, timezone="Europe/Berlin")  # type: ignore[call-arg]

    def clock() -> float:
        return 0.0

    async def nobody(secret_hash: str) -> None:
        return None

    app = create_app(settings, lambda worker: pytest.fail("the server is not started here"))
    bot = fake_bot(records=records)
    doors = Doors(bot, OwnTickets(nobody, clock), OwnTickets(nobody, clock), clock)
    app.state.served = Served(bot, doors, settings, Attempts(bot.limits))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example/v1/console/") as client:
        yield client


@pytest.fixture
def log_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    def as_role(role: Role) -> None:
        async def seat(request: object) -> Seat:
            return Seat(Agent("a1", "ann", "Ann", role), "s1", "hash")

        monkeypatch.setattr(console_login, "seat", seat)

    return as_role


@pytest.fixture
def supervisor(log_in: Any) -> None:
    log_in(Role.SUPERVISOR)


def asked(text: str, conversation: str = "c1", seq: int = 1, days_ago: float = 1, **fields: Any) -> Unanswered:
    return Unanswered(conversation, seq, text, "en", AT - timedelta(days=days_ago), **fields)


def rows(response: httpx.Response) -> list[dict[str, str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


# ── who may see it ──


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_sees_numbers_without_logging_in(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()) == (401, {"error": "unauthorized"})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("role", "status"), [(Role.AGENT, 403), (Role.SUPERVISOR, 200), (Role.ADMIN, 200)])
async def test_numbers_are_for_supervisors(
    client: httpx.AsyncClient, log_in: Any, path: str, role: Role, status: int
) -> None:
    log_in(role)
    response = await client.get(path)
    assert response.status_code == status
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("days", ["0", "-7", "8", "365", "99999999999999999999"])
@pytest.mark.usefixtures("supervisor")
async def test_a_period_nobody_offers_is_refused_in_words(client: httpx.AsyncClient, path: str, days: str) -> None:
    response = await client.get(path, params={"days": days})
    assert (response.status_code, response.json()["says"]) == (400, "days must be one of 7, 30, 90")


@pytest.mark.parametrize("params", [{"days": "week"}, {"language": "'; DROP"}, {"language": "x" * 17}])
@pytest.mark.usefixtures("supervisor")
async def test_what_is_no_period_or_language_is_refused(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    response = await client.get("metrics", params=params)
    assert (response.status_code, response.json()) == (422, {"error": "bad_request"})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.usefixtures("supervisor")
async def test_a_database_that_is_away_is_an_error_and_never_half_a_file(
    client: httpx.AsyncClient, records: FakeRecords, path: str
) -> None:
    records.fails = Unavailable("secret address")
    response = await client.get(path)
    assert (response.status_code, response.json()) == (503, {"error": "storage_unavailable"})


# ── figures ──


@pytest.mark.usefixtures("supervisor")
async def test_figures_are_counted_by_the_shops_days(client: httpx.AsyncClient, records: FakeRecords) -> None:
    records.histories = [History("c1", at=AT - timedelta(days=2)).asks().bot().asks().hands_off()]
    body = (await client.get("metrics", params={"days": "7"})).json()
    assert (body["days"], body["language"]) == (7, "")
    assert datetime.fromisoformat(body["since"]) == datetime.fromisoformat("2026-02-23T00:00:00+01:00")
    assert datetime.fromisoformat(body["until"]) == AT
    assert (body["now"]["conversations"], body["before"]["conversations"]) == (1, 0)
    assert (body["now"]["handoff_rate"], body["now"]["durable_rate"]) == (1.0, None)
    assert body["now"]["first_response_s"] == {"median": None, "p95": None, "n": 0}
    assert [row["day"] for row in body["series"] if row["conversations"]] == ["2026-02-27"]
    assert body["reasons"] == {"no_answer": 1}
    assert set(body["definitions"]) >= {"conversations", "durable", "csat_bot"}


@pytest.mark.usefixtures("supervisor")
async def test_what_is_read_reaches_back_to_the_period_before(client: httpx.AsyncClient, records: FakeRecords) -> None:
    await client.get("metrics")
    ((since, until),) = records.asked
    assert (until, since.isoformat()) == (AT, "2025-12-31T23:00:00+00:00")  # 30 days, and 30 before: 1 January there


@pytest.mark.usefixtures("supervisor")
async def test_one_language_is_asked_for(client: httpx.AsyncClient, records: FakeRecords) -> None:
    records.histories = [
        History(f"c{n}", language=("en", "zh")[n % 2], at=AT - timedelta(days=2)).asks() for n in range(3)
    ]
    body = (await client.get("metrics", params={"language": "zh"})).json()
    assert (body["language"], body["now"]["conversations"]) == ("zh", 1)


# ── questions without a good answer ──


@pytest.mark.usefixtures("supervisor")
async def test_unanswered_questions_come_in_groups(client: httpx.AsyncClient, records: FakeRecords) -> None:
    records.questions = [
        asked("a gift?", "c1", 3, best_title="Gift cards", best_score=0.31234),
        asked("Gift!", "c2", 1, days_ago=2),
        asked("warranty?", "c3", days_ago=3),
        asked("refund?", "c4", days_ago=60),
    ]
    first, second = (await client.get("unanswered")).json()["groups"]
    assert (first["question"], first["language"], first["count"], first["conversations"]) == ("a gift?", "en", 2, 2)
    assert first["best"] == {"title": "Gift cards", "score": 0.3123}
    newest, _ = first["examples"]
    assert (newest["text"], newest["conversation"], newest["seq"]) == ("a gift?", "c1", 3)
    assert datetime.fromisoformat(first["last_at"]) == datetime.fromisoformat(newest["at"]) == AT - timedelta(days=1)
    assert second["best"] is None


# ── files ──


@pytest.mark.usefixtures("supervisor")
async def test_conversations_are_a_file_a_spreadsheet_opens(client: httpx.AsyncClient, records: FakeRecords) -> None:
    evil = '=HYPERLINK("https://evil.example","x")'
    records.histories = [
        History("c2", "ann", at=AT - timedelta(days=2)).asks().bot().closes().rates(5),
        History("c1", evil, "zh", at=AT - timedelta(days=3)).asks().hands_off().claims(after=60).agent().closes(),
        History("c3", at=AT - timedelta(days=50)).asks(),
    ]
    response = await client.get("export/conversations.csv", params={"days": "7"})
    assert response.headers["content-disposition"] == 'attachment; filename="conversations-2026-03-01.csv"'
    first, second = rows(response)
    assert (first["conversation"], first["customer"], first["language"]) == ("c1", f"'{evil}", "zh")
    assert (first["handoff_reasons"], first["agents"], first["waiting_s"]) == ("no_answer", "A1", "60.0")
    assert (first["first_response_s"], first["handled_by_bot"], first["csat"]) == ("70.0", "0", "")
    assert first["started_at"] == "2026-02-26T10:30:10+01:00"
    assert (second["handled_by_bot"], second["auto_resolved"], second["csat"]) == ("1", "1", "5")
    assert (second["questions"], second["answered"], second["waiting_s"]) == ("1", "1", "")


@pytest.mark.parametrize("text", ["=1+1 gift", "\t=gift", "＝gift", "-gift", "@gift", "+gift", 'a "gift", really\n=1'])
@pytest.mark.usefixtures("supervisor")
async def test_what_a_customer_wrote_is_never_a_formula(
    client: httpx.AsyncClient, records: FakeRecords, text: str
) -> None:
    records.questions = [asked(text, best_title=text)]
    (row,) = rows(await client.get("export/unanswered.csv"))
    shown = text if text.startswith("a") else f"'{text}"
    assert (row["question"], row["group"], row["nearest_passage"]) == (shown, shown, shown)


@pytest.mark.usefixtures("supervisor")
async def test_long_files_come_whole(client: httpx.AsyncClient, records: FakeRecords) -> None:
    records.histories = [History(f"c{n:04}", at=AT - timedelta(days=2)).asks() for n in range(1_203)]
    found = rows(await client.get("export/conversations.csv"))
    assert [row["conversation"] for row in found] == [f"c{n:04}" for n in range(1_203)]


@pytest.mark.usefixtures("supervisor")
async def test_unanswered_questions_are_a_file_too_each_with_its_group(
    client: httpx.AsyncClient, records: FakeRecords
) -> None:
    records.questions = [asked("a gift?", "c1", 3, best_title="Gift cards", best_score=0.5), asked("Gift!", "c2", 1, 2)]
    first, second = rows(await client.get("export/unanswered.csv"))
    assert (first["group"], first["group_conversations"], first["nearest_passage"]) == ("a gift?", "2", "Gift cards")
    assert (second["question"], second["group"], second["score"]) == ("Gift!", "a gift?", "")
