"""Tokens that are not good, clients that misbehave, and the order of frames on the wire."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
import websockets

from tests.conftest import RunningStack
from tests.people import Person
from tests.platform.live import PATIENCE_S, People, people, private, room, wired

__all__ = ["people", "private", "room"]


def token(stack: RunningStack, **claims: Any) -> str:
    def encode(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b"=").decode()

    header = encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = f"{header}.{encode(json.dumps(claims).encode())}"
    secret = stack.config.keys.jwt_secret.encode()
    return f"{body}.{encode(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def in_(seconds: int) -> int:
    return int(time.time()) + seconds


async def test_a_channel_closes_when_its_token_expires(
    stack: RunningStack, people: People, room: str
) -> None:
    alma, _ = people
    short = token(stack, role="authenticated", sub=alma.id, exp=in_(3))
    async with wired(stack) as wire:
        assert (await wire.join(room, short))["status"] == "ok"
        topic = f"realtime:{room}"
        _, _, told, event, payload = await wire.next()
        assert (told, event, payload["status"]) == (topic, "system", "error")
        assert payload["message"].startswith("Token has expired")
        assert await wire.next() == ["1", "1", topic, "phx_close", {}]
        await wire.send("1", "2", topic, "broadcast", {"type": "broadcast", "event": "e"})
        assert (await wire.next())[4]["response"] == {"reason": "unmatched topic"}


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"role": "authenticated", "exp": 1}, "InvalidJWTToken: Token has expired"),
        ({"role": "authenticated"}, "InvalidJWTToken: Fields `role` and `exp` are required in JWT"),
        ({"exp": in_(86400)}, "InvalidJWTToken: Fields `role` and `exp` are required in JWT"),
        ({"role": "supabase_admin", "exp": in_(86400)}, "is not an API role"),
    ],
)
async def test_a_token_that_is_not_good_is_refused(
    stack: RunningStack, room: str, claims: dict[str, Any], reason: str
) -> None:
    async with wired(stack) as wire:
        reply = await wire.join(room, token(stack, **claims))
        assert reply["status"] == "error"
        assert reason in reply["response"]["reason"]


async def test_a_token_of_another_project_is_refused(
    stack: RunningStack, people: People, room: str
) -> None:
    alma, _ = people
    async with wired(stack) as wire:
        forged = alma.token[:-4] + ("AAAA" if not alma.token.endswith("AAAA") else "BBBB")
        reason = (await wire.join(room, forged))["response"]["reason"]
        assert reason == "JwtSignatureError: Failed to validate JWT signature"
        reason = (await wire.join(room, "nonsense"))["response"]["reason"]
        assert reason == "MalformedJWT: The token provided is not a valid JWT"


async def test_a_new_token_without_the_right_closes_the_private_channel(
    stack: RunningStack, people: People, private: str, outsider: Person
) -> None:
    alma, bert = people
    topic = f"realtime:{private}"
    async with wired(stack) as wire:
        await wire.join(private, alma.token, private=True, broadcast={"self": True})
        await wire.send("1", None, topic, "access_token", {"access_token": bert.token})
        sent = {"type": "broadcast", "event": "e", "payload": {}}
        await wire.send("1", "3", topic, "broadcast", sent)
        await wire.send("1", None, topic, "access_token", {"access_token": outsider.token})
        assert "You do not have permissions to read" in (await wire.next())[4]["message"]
        assert (await wire.next())[3] == "phx_close"


async def test_leaving_and_joining_again(stack: RunningStack, room: str) -> None:
    topic = f"realtime:{room}"
    async with wired(stack) as wire:
        await wire.join(room)
        await wire.send("1", "2", topic, "phx_leave", {})
        left = ["1", "2", topic, "phx_reply", {"status": "ok", "response": {}}]
        assert await wire.next() == left
        assert await wire.next() == ["1", "1", topic, "phx_close", {}]
        await wire.join(room)
        await wire.send("9", "9", topic, "phx_join", {"config": {}})
        assert await wire.next() == ["1", "1", topic, "phx_close", {}]
        assert (await wire.next())[4]["status"] == "ok"
        await wire.send(None, "10", "phoenix", "heartbeat", {})
        beat = [None, "10", "phoenix", "phx_reply", {"status": "ok", "response": {}}]
        assert await wire.next() == beat
        reply = await wire.join("")
        assert reply["response"]["reason"].startswith("TopicNameRequired")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "null",
        "[]",
        '["1","1",7,"phx_join",{}]',
        '{"topic":"realtime:x"}',
        b"",
        b"\x03",
        b"\x03\xff\xff\xff\xff\xff\x01",
        b"\x09" * 20,
    ],
)
async def test_a_malformed_frame_ends_only_its_own_connection(
    stack: RunningStack, room: str, frame: str | bytes
) -> None:
    async with wired(stack) as other:
        await other.join(room)
        async with wired(stack) as wire:
            await wire.socket.send(frame)
            with pytest.raises(websockets.ConnectionClosedError):
                await asyncio.wait_for(wire.socket.recv(), PATIENCE_S)
        await other.send(None, "5", "phoenix", "heartbeat", {})
        assert (await other.next())[1] == "5"


async def test_a_frame_that_announces_too_much_ends_the_connection(stack: RunningStack) -> None:
    async with wired(stack) as wire:
        text, masked_with_long_size = 0x81, 0xFF
        head = bytes([text, masked_with_long_size]) + (5_000_000).to_bytes(8, "big") + bytes(4)
        wire.socket.transport.write(head)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await asyncio.wait_for(wire.socket.recv(), PATIENCE_S)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {"config": None},
        {"config": {"postgres_changes": "all", "presence": 1, "broadcast": []}},
        {"config": {"presence": {"key": {"__proto__": 1}, "enabled": True}}},
    ],
)
async def test_an_odd_join_is_taken_for_a_plain_one(
    stack: RunningStack, room: str, payload: Any
) -> None:
    async with wired(stack) as wire:
        await wire.send("1", "1", f"realtime:{room}", "phx_join", payload)
        reply = (await wire.next())[4]
        assert reply == {"status": "ok", "response": {"postgres_changes": []}}


async def test_a_client_that_does_not_read_is_dropped(stack: RunningStack, room: str) -> None:
    async with wired(stack) as reader, wired(stack) as sender:
        await reader.join(room)
        await sender.join(room)
        # What arrives fills the buffers on the way until the reader reads.
        reader.socket.transport.pause_reading()
        filling = {"type": "broadcast", "event": "e", "payload": {"text": "x" * 2_000_000}}
        for _ in range(30):
            await sender.send("1", "2", f"realtime:{room}", "broadcast", filling)
        await sender.send(None, "3", "phoenix", "heartbeat", {})
        assert (await sender.next())[1] == "3"
        reader.socket.transport.resume_reading()
        with pytest.raises(websockets.ConnectionClosedError):
            await reader.take(30)


async def test_only_known_keys_and_versions_connect(stack: RunningStack) -> None:
    for query, status in (({"key": "sb_publishable_wrong"}, 401), ({"version": "3.0.0"}, 403)):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with wired(stack, **query):
                pass
        assert refused.value.response.status_code == status
