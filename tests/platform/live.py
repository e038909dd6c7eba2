"""Subscribers for the Realtime tests: what a client hears, and in what order."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
import websockets
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime import RealtimePostgresChangesListenEvent as Event

from tests.conftest import RunningStack
from tests.people import Api, Person

People = tuple[Person, Person]

PATIENCE_S = 15


@pytest.fixture(scope="module")
def people(api: Api) -> People:
    return Person(api, "alma"), Person(api, "bert")


@pytest.fixture
def room() -> str:
    return f"room-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def private(stack: RunningStack, people: People, room: str) -> Iterator[str]:
    """A topic that alma may write and bert may only read, made as a migration would make it."""
    alma, bert = people
    with psycopg.connect(stack.db_url, autocommit=True) as postgres:
        postgres.execute(
            f"""
            create policy "{room} read" on realtime.messages for select to authenticated
            using (realtime.topic() = '{room}'
              and (select auth.uid()) in ('{alma.id}', '{bert.id}'));
            create policy "{room} write" on realtime.messages for insert to authenticated
            with check (realtime.topic() = '{room}' and (select auth.uid()) = '{alma.id}');
            """
        )
        yield room
        for policy in ("read", "write"):
            postgres.execute(f'drop policy "{room} {policy}" on realtime.messages')


class Ear:
    """Collects what a callback is given; `next()` waits for the next item."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, *arguments: Any) -> None:
        self.heard.put_nowait(arguments[0] if len(arguments) == 1 else arguments)

    async def next(self) -> Any:
        return await asyncio.wait_for(self.heard.get(), PATIENCE_S)

    async def until(self, wanted: Any) -> Any:
        """The first item for which `wanted(item)` holds; those before it are dropped."""
        while not wanted(item := await self.next()):
            pass
        return item


@asynccontextmanager
async def connected(
    stack: RunningStack, token: str | None = None
) -> AsyncIterator[AsyncRealtimeClient]:
    """supabase-py's own client (protocol 1.0.0); a dropped connection stays dropped."""
    client = AsyncRealtimeClient(
        f"{stack.url}/realtime/v1", stack.publishable_key, auto_reconnect=False
    )
    await client.connect()
    if token:
        await client.set_auth(token)
    try:
        yield client
    finally:
        await client.close()


async def join(channel: AsyncRealtimeChannel) -> tuple[RealtimeSubscribeStates, str]:
    """Subscribes; gives the outcome and the error, if any."""
    ear = Ear()
    await channel.subscribe(ear)
    state, error = await ear.next()
    return state, str(error or "")


async def follow(
    client: AsyncRealtimeClient,
    table: str | None,
    *,
    event: Event = Event.All,
    filter: str | None = None,
    select: list[str] | None = None,
) -> Ear:
    """Follows a table, or all; gives the changes as they come, once the server listens."""
    changes, system = Ear(), Ear()
    channel = client.channel(f"changes of {table}")
    channel.on_postgres_changes(
        event,
        lambda payload: changes(payload["data"]),
        schema="public",
        table=table,
        filter=filter,
        select=select,
    )
    channel.on_system(system)
    assert await join(channel) == (RealtimeSubscribeStates.SUBSCRIBED, "")
    assert (await system.next()).message == "Subscribed to PostgreSQL"
    return changes


class Wire:
    """A bare connection, to say what no client library would."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def send(self, *frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def next(self) -> list[Any]:
        frame: list[Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        return frame

    async def take(self, count: int) -> list[list[Any]]:
        return [await self.next() for _ in range(count)]

    async def join(self, topic: str, token: str | None = None, **config: Any) -> Any:
        """The payload of the reply."""
        payload = {"config": config, "access_token": token}
        await self.send("1", "1", f"realtime:{topic}", "phx_join", payload)
        return (await self.next())[4]


@asynccontextmanager
async def wired(
    stack: RunningStack, key: str | None = None, version: str = "2.0.0"
) -> AsyncIterator[Wire]:
    address = stack.url.replace("http", "ws", 1)
    query = f"apikey={key or stack.publishable_key}&vsn={version}"
    async with websockets.connect(f"{address}/realtime/v1/websocket?{query}") as socket:
        yield Wire(socket)
