"""The role × action table, read as a table: what is not in it may not be done."""

from dataclasses import replace
from typing import cast

import pytest

from bot.access import MAY, Action, Agent, Role, may

EXPECTED = {
    Role.AGENT: "read claim reply recall suggest",
    Role.SUPERVISOR: "read claim reply recall suggest overrule publish knowledge canned metrics export",
    Role.ADMIN: "read claim reply recall suggest overrule publish knowledge canned metrics export",
}
CELLS = [(role, action) for role in MAY for action in Action]


def agent(role: Role) -> Agent:
    return Agent("a1", "ann", "Ann", role)


@pytest.mark.parametrize(("role", "action"), CELLS, ids=lambda one: str(one.value))
def test_a_role_may_what_the_table_says_and_no_more(role: Role, action: Action) -> None:
    assert may(agent(role), action) == (action.value in EXPECTED[role].split())


@pytest.mark.parametrize(("role", "action"), CELLS, ids=lambda one: str(one.value))
def test_a_disabled_agent_may_nothing(role: Role, action: Action) -> None:
    assert not may(replace(agent(role), is_active=False), action)


@pytest.mark.parametrize("action", Action, ids=lambda one: str(one.value))
@pytest.mark.parametrize("role", ["", "Admin", "owner", "root"])
def test_an_unknown_role_may_nothing(role: str, action: Action) -> None:
    assert not may(agent(cast(Role, role)), action)


@pytest.mark.parametrize("role", Role)
def test_an_unknown_action_may_nobody(role: Role) -> None:
    assert not may(agent(role), cast(Action, "delete_everything"))


def test_every_role_has_a_row_and_each_may_what_the_one_below_may() -> None:
    assert set(MAY) == set(Role) == set(EXPECTED)
    assert MAY[Role.AGENT] < MAY[Role.SUPERVISOR] <= MAY[Role.ADMIN] == frozenset(Action)
