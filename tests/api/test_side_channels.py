"""What a query can give away about rows it does not return: by an error, or in a live channel."""

import asyncio
import uuid
from typing import Any

import psycopg
import pytest
from realtime import RealtimeChannelOptions, RealtimeSubscribeStates

from tests.conftest import RunningStack
from tests.people import Firm, Person, created
from tests.platform.live import connected, follow, join

Db = psycopg.Connection[Any]

# Each is an error for a title that is no number, if it is ever evaluated on the row.
CASTS = ("title::integer = 1", "1 / (length(title) - length(title)) = 1", "title::uuid is null")


def as_person(db: Db, person: Person) -> None:
    db.execute("set local role authenticated")
    db.execute("select set_config('request.jwt.claim.sub', %s, true)", [person.id])


@pytest.mark.parametrize("condition", CASTS)
def test_attack_38_a_condition_that_fails_on_hidden_rows(
    db: Db, shared_firm: Firm, outsider: Person, condition: str
) -> None:
    """Row security comes first: what the caller may not see never reaches their condition."""
    shared_firm.contract()
    query = f"select id from public.contracts where {condition}"
    with db.transaction(force_rollback=True):
        as_person(db, outsider)
        assert db.execute(query.encode()).fetchall() == []
    # The same on rows that are seen does fail: the condition tells something.
    with db.transaction(force_rollback=True):
        as_person(db, shared_firm.owner)
        with pytest.raises(psycopg.DataError):
            db.execute(query.encode())


@pytest.mark.parametrize(
    "query",
    [
        {"select": "title::integer"},
        {"select": "id", "title": "like.Advisory*"},
        {"select": "id", "title": "match.^A"},
        {"select": "id", "or": "(title.ilike.*,number.gte.0)"},
        {"select": "id", "title": "fts.services"},
        {"select": "id", "order": "title,rate"},
    ],
    ids=str,
)
def test_attack_38_filters_over_the_api(
    shared_firm: Firm, outsider: Person, query: dict[str, str]
) -> None:
    """With and without rows behind the policy, a stranger gets the same answer."""
    contract = shared_firm.contract()
    for id in (contract["id"], str(uuid.uuid4())):
        assert created(outsider.get("contracts", id=f"eq.{id}", **query)) == []
        assert created(outsider.get("contracts", firm_id=f"eq.{shared_firm.id}", **query)) == []


async def test_attack_45_changes_of_another_firm(
    stack: RunningStack, firm: Firm, other_firm: Firm
) -> None:
    wanted = f"firm_id=eq.{firm.id}"
    async with (
        connected(stack, firm.viewer.token) as ours,
        connected(stack, other_firm.owner.token) as theirs,
    ):
        heard, overheard = (
            await follow(ours, "contracts", filter=wanted),
            await follow(theirs, "contracts", filter=wanted),
        )
        every = await follow(theirs, "*")
        await asyncio.to_thread(firm.contract, title="Secret merger")
        assert (await heard.next())["record"]["title"] == "Secret merger"
        # What comes next is their own: nothing of ours came before it.
        await asyncio.to_thread(other_firm.contract, title="Their own")
        assert (await every.until(lambda change: change["table"] == "contracts"))["record"][
            "title"
        ] == "Their own"
        assert overheard.heard.empty()


@pytest.mark.parametrize("name", ["firm", "contracts", "public:contracts"])
async def test_attack_45_a_private_topic_named_after_a_firm(
    stack: RunningStack, firm: Firm, outsider: Person, name: str
) -> None:
    """No policy opens a private channel, to members neither: nothing is ever sent on one."""
    private: RealtimeChannelOptions = {
        "config": {"private": True, "broadcast": None, "presence": None}
    }
    for person in (outsider, firm.owner):
        async with connected(stack, person.token) as client:
            state, _ = await join(client.channel(f"{name}:{firm.id}", private))
            assert state == RealtimeSubscribeStates.CHANNEL_ERROR
