"""The way to a database: which addresses are taken, and what is said on it."""

import socketserver
import threading

import pytest

from cli.schema import servers, supabase_cli
from cli.schema.errors import DatabaseRefuses, TransactionPooler
from cli.schema.servers import connect, ssl_mode
from tests.schema.conftest import Firmbase


def test_the_transaction_pooler_keeps_no_lock(
    firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooler = "postgresql://postgres:x@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"
    monkeypatch.setenv("SUPABASE_DB_URL", pooler)
    with pytest.raises(TransactionPooler, match=r"session.pooler"):
        firmbase("migrate")


def test_a_direct_address_wants_ipv6() -> None:
    direct = f"postgresql://postgres:x@db.{'a' * 20}.supabase.co:9/postgres?hostaddr=127.0.0.1"
    with pytest.raises(DatabaseRefuses, match=r"without it use .* session pooler"):
        connect(direct)


def test_nobody_between_can_have_it_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere that says it has no TLS hears no more from either program."""
    monkeypatch.setattr(servers, "LOCAL_HOSTS", ())
    heard: list[bytes] = []

    class Plain(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while message := self.request.recv(4096):
                heard.append(message)
                self.request.sendall(b"N")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Plain) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        url = f"postgresql://postgres:secret@127.0.0.1:{running.server_address[1]}/postgres"
        for call in (connect, supabase_cli.advisors):
            heard.clear()
            with pytest.raises(DatabaseRefuses):
                call(url)
            assert [len(message) for message in heard] == [8], "only the question for TLS"
        running.shutdown()
    assert ssl_mode(f"{url}?sslmode=disable") == "disable"
