"""A firm that requires a second factor, and everybody has one: the rights are as anywhere."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.api import test_rights as rights
from tests.api.matrix import RPCS
from tests.api.test_rights import unharmed
from tests.api.world import World
from tests.authenticator import step_up
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created

__all__ = ["unharmed"]

STRONG = ("owner", "admin", "member", "portal")


@pytest.fixture(scope="module")
def world(stack: RunningStack, api: Api, visitor: Caller) -> Iterator[World]:
    with psycopg.connect(stack.superuser_url, autocommit=True) as db:
        firm = Firm(api)
        db.execute("update firms set seat_limit = 1000 where id = %s", (firm.id,))
        for name in STRONG:
            step_up(getattr(firm, name))
        created(firm.owner.update("firms", {"require_mfa": True}, id=f"eq.{firm.id}"))
        yield World(api, db, firm, visitor, Person(api, "outsider"))


@pytest.mark.parametrize(
    ("table", "operation", "caller"), [case for case in rights.TABLE_CASES if case[2] in STRONG]
)
def test_attack_44_every_table_with_the_factor(
    world: World, table: str, operation: str, caller: str
) -> None:
    rights.test_table(world, table, operation, caller)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("caller", STRONG)
@pytest.mark.parametrize("function", RPCS)
def test_attack_44_every_function_with_the_factor(world: World, function: str, caller: str) -> None:
    rights.test_function(world, function, caller)
