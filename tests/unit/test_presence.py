"""Who is here, at this process and at the others."""

import pytest

from bot.access import Agent, Role
from bot.presence import Presence
from bot.shared import Here

ANA = Agent("a1", "ana", "Ana", Role.AGENT, 6)


@pytest.fixture
def presence() -> Presence:
    return Presence()


def test_an_agent_is_here_while_any_console_is_open(presence: Presence) -> None:
    with presence.here(ANA):
        with presence.here(ANA):
            assert presence.is_online("a1")
        assert presence.available == {"a1"}
    assert not presence.is_online("a1")


def test_an_agent_at_another_process_is_here_too(presence: Presence) -> None:
    presence.meet([Here({"a1": (False, 0)})])
    assert presence.available == {"a1"}
    presence.meet([Here({"a1": (True, 1)})])
    assert presence.is_online("a1")
    assert presence.available == frozenset()
    presence.meet([])
    assert not presence.is_online("a1")


def test_the_last_word_counts_wherever_it_was_said(presence: Presence) -> None:
    with presence.here(ANA):
        presence.go_away("a1", True)
        assert presence.own.agents == {"a1": (True, 1)}
        presence.meet([Here({"a1": (False, 2)})])
        assert not presence.is_away("a1")
        assert presence.own.agents == {"a1": (False, 2)}, "and is told on"
        presence.go_away("a1", True)
        assert presence.is_away("a1")
        presence.meet([Here({"a1": (False, 2)})])
        assert presence.is_away("a1"), "an older word changes nothing"


def test_whoever_opens_a_second_console_at_another_process_is_as_away_as_before(presence: Presence) -> None:
    presence.meet([Here({"a1": (True, 1)})])
    with presence.here(ANA):
        assert presence.is_away("a1")
    presence.meet([])
    with presence.here(ANA):
        assert not presence.is_away("a1"), "who left altogether begins anew"


def test_nobody_is_told_when_nothing_changed(presence: Presence) -> None:
    told: list[int] = []
    with presence.watch(lambda: told.append(1)):
        presence.meet([Here({"a1": (False, 0)})])
        presence.meet([Here({"a1": (False, 0)})])
    assert len(told) == 1


def test_a_customer_reads_wherever_a_tab_is_open(presence: Presence) -> None:
    with presence.reading("c1"):
        assert presence.own.readers == {"c1"}
        assert presence.is_reading("c1")
    assert not presence.is_reading("c1")
    presence.meet([Here(readers={"c1"})])
    assert presence.is_reading("c1")
