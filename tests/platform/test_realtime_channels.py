"""Broadcast, presence and private channels."""

import uuid
from typing import Any

import httpx
import psycopg
import pytest
from realtime import RealtimeChannelOptions, RealtimeChannelPresenceConfig, RealtimeSubscribeStates
from realtime.exceptions import RealtimeHTTPError

from tests.conftest import RunningStack
from tests.jobs.runners import wait_for
from tests.people import PASSWORD, Person
from tests.platform.live import Ear, People, connected, join, people, private, room, wired
from tests.platform.node import run_node_tests

__all__ = ["people", "private", "room"]

Db = psycopg.Connection[Any]

JOINED = (RealtimeSubscribeStates.SUBSCRIBED, "")
PRIVATE: RealtimeChannelOptions = {
    "config": {"private": True, "broadcast": {"self": True}, "presence": None}
}


async def test_a_broadcast_reaches_the_others(stack: RunningStack, room: str) -> None:
    async with connected(stack) as sender, connected(stack) as receiver:
        own, heard = Ear(), Ear()
        hers = sender.channel(room).on_broadcast("*", own)
        await join(hers)
        await join(receiver.channel(room).on_broadcast("cursor", heard))
        await hers.send_broadcast("ignored", {})
        await hers.send_broadcast("cursor", {"x": 1, "name": "Zoë"})
        message = await heard.next()
        assert message["payload"] == {"x": 1, "name": "Zoë"}
        assert own.heard.empty()


async def test_a_broadcast_comes_back_and_is_acknowledged_if_wanted(
    stack: RunningStack, room: str
) -> None:
    async with wired(stack) as wire:
        await wire.join(room, broadcast={"self": True, "ack": True})
        sent = {"type": "broadcast", "event": "e", "payload": {"x": 1}}
        await wire.send("1", "2", f"realtime:{room}", "broadcast", sent)
        assert await wire.next() == [None, None, f"realtime:{room}", "broadcast", sent]
        assert await wire.next() == [
            "1",
            "2",
            f"realtime:{room}",
            "phx_reply",
            {"status": "ok", "response": {}},
        ]


async def test_a_private_channel_admits_by_policy(
    stack: RunningStack, people: People, private: str, outsider: Person
) -> None:
    alma, bert = people
    async with (
        connected(stack, alma.token) as hers,
        connected(stack, bert.token) as his,
        connected(stack, outsider.token) as theirs,
        connected(stack) as anonymous,
    ):
        alma_hears, bert_hears, public_hears = Ear(), Ear(), Ear()
        alma_sends = hers.channel(private, PRIVATE).on_broadcast("*", alma_hears)
        bert_sends = his.channel(private, PRIVATE).on_broadcast("*", bert_hears)
        assert await join(alma_sends) == JOINED
        assert await join(bert_sends) == JOINED
        for stranger in (theirs, anonymous):
            state, error = await join(stranger.channel(private, PRIVATE))
            assert state == RealtimeSubscribeStates.CHANNEL_ERROR
            assert (
                "Unauthorized: You do not have permissions to read from this Channel topic" in error
            )
        # A public channel of the same name is another channel.
        async with connected(stack, outsider.token) as fresh:
            eavesdropper = fresh.channel(private).on_broadcast("*", public_hears)
            assert await join(eavesdropper) == JOINED
            await eavesdropper.send_broadcast("from outside", {})
            await bert_sends.send_broadcast("from a reader", {})
            await alma_sends.send_broadcast("from a writer", {})
            for ear in (alma_hears, bert_hears):
                assert (await ear.next())["event"] == "from a writer"
            assert public_hears.heard.empty()


async def test_a_reader_may_not_be_present(
    stack: RunningStack, people: People, private: str
) -> None:
    _, bert = people
    async with wired(stack) as wire:
        reply = await wire.join(private, bert.token, private=True)
        assert reply["status"] == "ok"
        await wire.send("1", "2", f"realtime:{private}", "presence", {"event": "track"})
        assert (await wire.next())[4] == {"status": "error", "response": {}}


async def test_the_database_sends_to_a_private_channel(
    stack: RunningStack, people: People, private: str, db: Db
) -> None:
    _, bert = people
    async with connected(stack, bert.token) as client:
        heard = Ear()
        assert await join(client.channel(private, PRIVATE).on_broadcast("*", heard)) == JOINED
        db.execute("select realtime.send('{\"n\": 1}', 'not yet', %s)", [f"{private} too"])
        with db.transaction(force_rollback=True):
            db.execute("select realtime.send('{}', 'undone', %s)", [private])
        db.execute("select realtime.send('{\"n\": 1}', 'open', %s, false)", [private])
        db.execute("select realtime.send('{\"n\": 2}', 'news', %s)", [private])
        message = await heard.next()
    assert message["event"] == "news"
    assert message["payload"]["n"] == 2
    assert message["payload"]["id"] == message["meta"]["id"]


async def test_a_trigger_broadcasts_changes(
    stack: RunningStack, people: People, private: str, db: Db
) -> None:
    _, bert = people
    async with connected(stack, bert.token) as client:
        heard = Ear()
        assert await join(client.channel(private, PRIVATE).on_broadcast("*", heard)) == JOINED
        with psycopg.connect(stack.db_url, autocommit=True) as postgres:
            postgres.execute(
                f"""
                create function public.tell() returns trigger language plpgsql as $$
                begin
                  perform realtime.broadcast_changes(
                    '{private}', tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
                  return null;
                end $$;
                create table public.told (id int primary key);
                create trigger tell after insert or update or delete on public.told
                for each row execute function public.tell();
                insert into public.told values (1);
                delete from public.told;
                drop table public.told;
                drop function public.tell();
                """
            )
        added, removed = await heard.next(), await heard.next()
    assert added["event"] == "INSERT"
    assert added["payload"]["record"] == {"id": 1}
    assert (added["payload"]["table"], added["payload"]["schema"]) == ("told", "public")
    assert removed["event"] == "DELETE"
    assert removed["payload"]["old_record"] == {"id": 1}


async def test_broadcasts_over_http(
    stack: RunningStack, people: People, private: str, outsider: Person
) -> None:
    alma, bert = people

    def post(person: Person, *messages: Any) -> httpx.Response:
        return person.send("POST", "/realtime/v1/api/broadcast", json={"messages": messages})

    def message(event: str, **more: Any) -> dict[str, Any]:
        return {"topic": private, "event": event, "payload": {"n": 1}} | more

    async with connected(stack, bert.token) as client:
        heard = Ear()
        assert await join(client.channel(private, PRIVATE).on_broadcast("*", heard)) == JOINED
        for person in (outsider, bert, alma):
            answer = post(person, message(person.email, private=True), message("public"))
            assert (answer.status_code, answer.content) == (202, b"")
        assert (await heard.next())["event"] == alma.email

        with pytest.raises(RealtimeHTTPError, match="Unauthorized"):
            await client.channel(private, PRIVATE).http_send("refused", {"n": 1})
    async with connected(stack, alma.token) as client:
        heard = Ear()
        channel = client.channel(private, PRIVATE).on_broadcast("*", heard)
        assert await join(channel) == JOINED
        await channel.http_send("posted", {"n": 2})
        assert (await heard.next())["payload"] == {"n": 2}

    refused = post(alma, message(""), message("no payload", payload=None), message("fine"))
    assert refused.status_code == 422
    assert refused.json() == {
        "errors": {"messages": [{"event": ["can't be blank"]}, {"payload": ["can't be blank"]}, {}]}
    }


async def test_presence_is_told_to_all(stack: RunningStack, room: str) -> None:
    def options(key: str) -> RealtimeChannelOptions:
        presence: RealtimeChannelPresenceConfig = {"key": key, "enabled": True}
        return {"config": {"presence": presence, "broadcast": None, "private": False}}

    async with connected(stack) as hers:
        joins, leaves, syncs = Ear(), Ear(), Ear()
        alma = hers.channel(room, options("alma"))
        alma.on_presence_join(joins).on_presence_leave(leaves).on_presence_sync(lambda: syncs(None))
        assert await join(alma) == JOINED
        await syncs.next()
        assert alma.presence_state() == {}
        await alma.track({"status": "here"})
        assert (await joins.next())[0] == "alma"
        async with connected(stack) as his:
            seen = Ear()
            bert = his.channel(room, options("bert"))
            bert.on_presence_sync(lambda: seen(bert.presence_state()))
            assert await join(bert) == JOINED
            state = await seen.next()
            assert [meta["status"] for meta in state["alma"]] == ["here"]
            await bert.track({"status": "new"})
            key, _, new = await joins.next()
            assert (key, new[0]["status"]) == ("bert", "new")
            await alma.track({"status": "away"})
            await seen.until(lambda now: [meta["status"] for meta in now["alma"]] == ["away"])
            await alma.untrack()
            await seen.until(lambda now: "alma" not in now)
        await leaves.until(lambda left: left[0] == "bert")
        assert alma.presence_state() == {}


async def test_the_secret_key_passes_all_policies(stack: RunningStack, private: str) -> None:
    async with wired(stack, key=stack.secret_key) as wire:
        assert (await wire.join(private, stack.secret_key, private=True))["status"] == "ok"


def test_supabase_js_gets_what_the_hosted_service_would_give(
    stack: RunningStack, people: People, private: str
) -> None:
    alma, bert = people
    table = f"js_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(stack.db_url, autocommit=True) as postgres:
        postgres.execute(
            f"""
            create table {table} (id uuid primary key, owner uuid not null, title text not null);
            alter table {table} enable row level security;
            revoke all on {table} from anon, authenticated;
            grant select, insert, update, delete on {table} to authenticated;
            create policy own on {table} to authenticated using (owner = (select auth.uid()));
            alter publication supabase_realtime add table {table};
            notify pgrst, 'reload schema';
            """
        )
        try:
            # Until PostgREST has read the schema anew it knows no such table.
            url, key = f"{stack.url}/rest/v1/{table}", {"apikey": stack.publishable_key}
            wait_for(lambda: httpx.get(url, headers=key).status_code != 404, "the new table")
            run_node_tests(
                stack,
                "realtime.test.mjs",
                ALMA=alma.email,
                BERT=bert.email,
                PASSWORD=PASSWORD,
                PRIVATE_TOPIC=private,
                TABLE=table,
            )
        finally:
            postgres.execute(f"drop table {table}")
