"""What one local stack is: its folder, its ports and its keys, kept between `down` and `up`."""

import base64
import hashlib
import hmac
import json
import os
import random
import secrets
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cli.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
STACKS = ROOT / ".stack"
LOOPBACK = "127.0.0.1"
DEFAULT_PORT = (
    54321  # where the Supabase CLI puts the API too; a stack takes this and the next ones
)
BLOCK = 10
ISSUED = 1767225600  # 2026-01-01
TEN_YEARS = 10 * 365 * 86400


@dataclass(frozen=True)
class Ports:
    """Ports on the loopback address; the first ones lie where the Supabase CLI puts them."""

    api: int
    db: int
    mail: int
    smtp: int
    postgrest: int
    postgrest_admin: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        return cls(base, base + 1, base + 3, base + 4, base + 5, base + 6)

    @property
    def app(self) -> int:
        return self.api + 2

    def taken(self) -> list[int]:
        return [port for port in (*asdict(self).values(), self.app) if not is_free(port)]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def first_free(bases: Iterable[int]) -> Ports:
    return next(ports for base in bases if not (ports := Ports.from_base(base)).taken())


def default_bases() -> Iterable[int]:
    return range(DEFAULT_PORT, 65000, BLOCK)


def random_bases() -> Iterable[int]:
    """For tests: below the range from which the system hands out ports of its own accord."""
    while True:
        yield random.randrange(20000, 32000, BLOCK)  # noqa: S311


def role_token(secret: str, role: str) -> str:
    """A JWT (HS256) for an API role as the legacy API keys are: always the same for a secret."""

    def encode(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    claims = {"iss": "supabase-local", "role": role, "iat": ISSUED, "exp": ISSUED + TEN_YEARS}
    body = f"{encode({'alg': 'HS256', 'typ': 'JWT'})}.{encode(claims)}"
    signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@dataclass(frozen=True)
class Keys:
    """Secrets of one stack, made at random with it."""

    jwt_secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    publishable: str = field(default_factory=lambda: f"sb_publishable_{secrets.token_urlsafe(24)}")
    secret: str = field(default_factory=lambda: f"sb_secret_{secrets.token_urlsafe(24)}")
    database_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    superuser_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))


@dataclass
class Config:
    """Everything the supervisor and the commands need to know of a stack."""

    directory: Path
    ports: Ports
    keys: Keys = field(default_factory=Keys)
    throwaway: bool = False  # no fsync, and it ends with the process that started it

    @classmethod
    def load(cls, directory: Path) -> "Config | None":
        """What was saved there; None where nothing was.

        Raises:
            StackError: the file is damaged, or from another version.
        """
        file = directory / "config.json"
        try:
            stored = json.loads(file.read_text())
            ports, keys = Ports(**stored["ports"]), Keys(**stored["keys"])
            return cls(directory, ports, keys, stored["throwaway"])
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise StackError(
                f"{file} is damaged or from another version: delete {directory} with all the data "
                "of this stack, then run `firmbase stack up`."
            ) from error

    def save(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        stored = {
            "ports": asdict(self.ports),
            "keys": asdict(self.keys),
            "throwaway": self.throwaway,
        }
        write_private(self.directory / "config.json", stored)
        write_private(self.directory / "env.json", self.environment())

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.api}"

    @property
    def app_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.app}"

    @property
    def mail_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.mail}"

    def database_url(self, role: str = "postgres", database: str = "postgres") -> str:
        password = (
            self.keys.superuser_password
            if role == "supabase_admin"
            else self.keys.database_password
        )
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.ports.db}/{database}"

    def environment(self) -> dict[str, str]:
        """What every program that uses the stack reads, as `firmbase stack env` prints it."""
        return {
            "SUPABASE_URL": self.api_url,
            "SUPABASE_PUBLISHABLE_KEY": self.keys.publishable,
            "SUPABASE_SECRET_KEY": self.keys.secret,
            "SUPABASE_DB_URL": self.database_url(),
            "SMTP_URL": f"smtp://{LOOPBACK}:{self.ports.smtp}",
            "MAIL_FROM": "Firmbase <no-reply@firmbase.test>",
            "MAIL_URL": self.mail_url,
            "APP_URL": self.app_url,
        }


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Writes JSON that only the owner may read, whole or not at all."""
    draft = path.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)
