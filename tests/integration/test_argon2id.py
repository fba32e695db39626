"""Passwords for real: the parameters, what is refused, and that they neither block the loop nor pile up."""

import asyncio
import threading
from time import perf_counter

import pytest
from argon2 import extract_parameters

from bot.adapters.argon2id import AT_ONCE, MAX_BYTES, MOST_WAITING, Argon2id
from bot.errors import TooLarge, Unavailable
from bot.login import NOBODY

PASSWORD = "correct horse battery"


@pytest.fixture
def passwords() -> Argon2id:
    return Argon2id()


async def test_a_hash_has_the_recommended_cost_and_its_own_salt(passwords: Argon2id) -> None:
    one, other = await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert PASSWORD not in one


async def test_nobodys_hash_costs_as_much_as_anybodys(passwords: Argon2id) -> None:
    """Or else the time a log-in takes would tell which logins exist."""
    assert extract_parameters(NOBODY) == extract_parameters(await passwords.hash(PASSWORD))
    assert not await passwords.verify(NOBODY, PASSWORD)


@pytest.mark.parametrize("password", [PASSWORD, "", "密码🐎", "with\x00nul", "p" * MAX_BYTES, "  spaces  "])
async def test_the_right_password_is_right_and_any_other_wrong(passwords: Argon2id, password: str) -> None:
    hashed = await passwords.hash(password)
    assert await passwords.verify(hashed, password)
    for wrong in (password + "x", password.upper() + "!", password[:-1] + "\x00", "p" * (MAX_BYTES + 1), "\ud800"):
        assert not await passwords.verify(hashed, wrong)


async def test_more_than_a_kibibyte_is_not_hashed(passwords: Argon2id) -> None:
    for long in ("p" * (MAX_BYTES + 1), "密" * 400):
        with pytest.raises(TooLarge):
            await passwords.hash(long)
        assert not await passwords.verify(await passwords.hash(PASSWORD), long)


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "x",
        PASSWORD,
        "$argon2id$",
        NOBODY[:-1],
        NOBODY[:40],
        NOBODY.replace("argon2id", "argon3"),
        NOBODY.replace("m=19456", "m=1"),
        NOBODY.replace("t=2", "t=x"),
        NOBODY + "é",
        "$2b$12$C6UzMDM.H6dfI/f/IKcEeO5o1Wk1dGYRtyvMlVWZ2xZ0nUuPcZ7QK",
    ],
)
async def test_a_malformed_hash_is_nobodys_password(passwords: Argon2id, malformed: str) -> None:
    assert not await passwords.verify(malformed, PASSWORD)


async def test_two_at_once_some_wait_and_the_rest_is_told_to_come_back(
    passwords: Argon2id, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most, lock = 0, 0, threading.Lock()
    go = threading.Event()

    def slow(password_hash: str, secret: bytes) -> bool:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        go.wait(10)
        with lock:
            inside -= 1
        return True

    monkeypatch.setattr(passwords, "_is_right", slow)
    every = [asyncio.create_task(passwords.verify(NOBODY, PASSWORD)) for _ in range(200)]
    await asyncio.sleep(0.1)
    refused = [task for task in every if task.done()]
    assert len(refused) == 200 - AT_ONCE - MOST_WAITING
    assert all(isinstance(task.exception(), Unavailable) for task in refused)
    for task in every[AT_ONCE:10]:
        task.cancel()
    go.set()
    done = await asyncio.gather(*every, return_exceptions=True)
    assert most == AT_ONCE
    assert done.count(True) == AT_ONCE + MOST_WAITING - (10 - AT_ONCE)
    assert await passwords.verify(NOBODY, PASSWORD), "places are given back however a caller left"


async def test_the_loop_goes_on_while_passwords_are_looked_at(passwords: Argon2id) -> None:
    loop, ticks, started = asyncio.get_running_loop(), 0, perf_counter()
    looking = loop.create_task(_look(passwords, 10))
    while not looking.done():
        await asyncio.sleep(0.001)
        ticks += 1
    await looking
    assert ticks > (perf_counter() - started) * 100, "the loop had at least a tenth of its turns"


async def _look(passwords: Argon2id, times: int) -> None:
    await asyncio.gather(*(passwords.verify(NOBODY, PASSWORD) for _ in range(times)))
