"""What is weaker than what, and what destroys."""

import http.server
import threading
import tomllib
from pathlib import Path

import pytest

from cli.deploy.buckets import Comparison, Difference, Value
from cli.deploy.checks import Found
from cli.deploy.errors import Destructive, NotReady
from cli.deploy.hosted import Hosted
from cli.deploy.plan import demand_consent, destroyed, draw_up
from cli.deploy.signin import FOLDER as SUPABASE
from cli.deploy.signin import WEAKER, Change, contradicts, flat, keep, seconds
from cli.doctor.checks import is_secret
from cli.local.config import role_token
from cli.schema.migrations import Project
from edge_jobs.errors import DatabaseDown


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "weakens"),
    [
        ("auth.minimum_password_length", 8, 12, True),
        ("auth.minimum_password_length", 8, 6, False),
        ("auth.jwt_expiry", 3600, 600, True),
        ("auth.enable_signup", True, False, True),
        ("auth.email.enable_confirmations", True, False, False),
        ("auth.email.enable_confirmations", False, True, True),
        ("auth.email.max_frequency", "1s", "1m0s", True),
        ("auth.email.max_frequency", "1h", "1m0s", False),
        ("auth.site_url", "https://a", "https://b", False),
        ("auth.jwt_expiry", 3600, None, False),
    ],
)
def test_what_weakens_a_setting(name: str, ours: object, theirs: object, weakens: bool) -> None:
    assert Change(tuple(name.split(".")), ours, theirs).weakens is weakens


def test_every_setting_is_judged() -> None:
    """A new one in config.toml is put into WEAKER, or here."""
    neutral = {"auth.site_url", "auth.additional_redirect_urls"}
    auth = tomllib.loads((SUPABASE / "config.toml").read_text())["auth"]
    names = {name for name, _ in flat(auth) if ".template." not in name}
    assert names == WEAKER.keys() | neutral


@pytest.mark.parametrize(
    ("field", "ours", "theirs", "weakens"),
    [
        ("public", False, True, False),
        ("public", True, False, True),
        ("file_size_limit", 10, 5, True),
        ("file_size_limit", 10, None, False),
        ("file_size_limit", None, 5, True),
        ("allowed_mime_types", ["a", "b"], ["a"], True),
        ("allowed_mime_types", ["a"], ["a", "b"], False),
        ("allowed_mime_types", ["a"], None, False),
    ],
)
def test_what_weakens_a_bucket(field: str, ours: Value, theirs: Value, weakens: bool) -> None:
    assert Difference("b", field, ours, theirs).weakens is weakens


def test_what_auth_tells_everybody() -> None:
    auth = {"email": {"enable_confirmations": True}, "enable_anonymous_sign_ins": False}
    told = {"mailer_autoconfirm": False, "external": {"email": True, "anonymous_users": False}}
    assert contradicts(told, auth) == []
    open_to_all = {
        "mailer_autoconfirm": True,
        "external": {"email": False, "anonymous_users": True},
    }
    assert len(contradicts(open_to_all, auth)) == 3


def test_durations() -> None:
    assert [seconds(text) for text in ("1m0s", "24h", "500ms", "1.5s")] == [60, 86400, 0.5, 1.5]


ATOMIC = """create function f() returns int language sql begin atomic
  select case when true then 1 end; -- end;
end;"""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-- DESTROYS what is in:\n--   column public.a.b\n\nalter table a drop column b;", 1),
        ('ALTER TABLE "public"."a"\n  DROP COLUMN "b";', 1),
        ("drop table a; truncate b; delete from c where true; drop schema d cascade", 4),
        ("alter table a drop b; with gone as (delete from c returning 1) select 1;", 2),
        ("-- DESTROYS what is in:\n--   table public.a\n\ndrop table a;\ndelete from b;", 2),
        ("drop type a cascade; drop extension b; drop owned by c; drop foreign table d;", 4),
        ("drop function f() cascade; merge into a using b on true when matched then delete;", 2),
        ("select pgmq.drop_queue('a'); select pgmq.purge_queue('b');", 2),
        (f"{ATOMIC}\ndrop table a;\n\n{ATOMIC}\n\ndrop table b;", 2),
        ("drop type a; drop view b cascade; drop function f(); drop policy p on a;", 0),
        ("alter table a alter b drop not null, alter c drop default, drop constraint d;", 0),
        ("grant delete, truncate on a to b; alter table a drop constraint c; drop view v;", 0),
        ("create function f() returns void as $$ begin delete from a where true; end $$;", 0),
        ("-- drop table a;\ncomment on table a is 'drop table a;';", 0),
    ],
)
def test_what_destroys(text: str, what: int) -> None:
    assert len(destroyed(text)) == what, destroyed(text)


def test_it_is_told_as_it_stands() -> None:
    assert destroyed("-- Old.\ndrop  table\n  public.old;") == ["drop table public.old"]


def test_no_migration_of_ours_destroys() -> None:
    for file in Project().migrations.glob("*.sql"):
        assert destroyed(file.read_text()) == [], file.name


def test_what_is_kept_can_be_named(tmp_path: Path) -> None:
    found = Found(
        buckets=Comparison({}, [], [Difference("b", "public", False, True)], []),
        changes=[
            Change(("auth", "jwt_expiry"), 3600, 600),
            Change(("auth", "minimum_password_length"), 8, 12),
            Change(("auth", "site_url"), "https://a", "https://b"),
        ],
    )
    plan = draw_up(found, Project(tmp_path), {"auth.jwt_expiry"})
    assert plan.kept == ["auth.minimum_password_length"]
    assert plan.settings == [
        "auth.jwt_expiry: 600 → 3600",
        'auth.site_url: "https://b" → "https://a"',
    ]
    assert plan.buckets == ["b.public: True → False"]
    auth = {"jwt_expiry": 3600, "minimum_password_length": 8, "email": {"otp_length": 6}}
    kept = [found.changes[1], Change(("auth", "email", "otp_length"), 6, 8)]
    assert keep(auth, kept) == {
        "jwt_expiry": 3600,
        "minimum_password_length": 12,
        "email": {"otp_length": 8},
    }


def test_a_name_that_is_none_is_not_passed_over(tmp_path: Path) -> None:
    wanted: dict[str, dict[str, Value]] = {"exports": {"public": False}}
    found = Found(buckets=Comparison(wanted, [], [], []))
    draw_up(found, Project(tmp_path), {"exports.file_size_limit", "auth.jwt_expiry"})
    with pytest.raises(NotReady, match=r"no auth\.jwt_expiri to weaken\. Nothing was changed"):
        draw_up(found, Project(tmp_path), {"auth.jwt_expiri"})


def test_what_destroys_needs_consent(tmp_path: Path) -> None:
    later = Project(tmp_path)
    later.migrations.mkdir(parents=True)
    (later.migrations / "20990101000000_away.sql").write_text("drop table public.old;\n")
    pending = ["20990101000000_away.sql"]
    plan = draw_up(Found(applied=["1"], pending=pending), later, set())
    with pytest.raises(Destructive, match=r"away\.sql: drop table public\.old\. Nothing"):
        demand_consent(plan, False)
    demand_consent(plan, True)
    # Of an empty project nothing is lost.
    assert draw_up(Found(pending=pending), later, set()).destroyed == []


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("sb_secret_x", True),
        ("sb_publishable_x", False),
        (role_token("a secret", "service_role"), True),
        (role_token("a secret", "anon"), False),
        ("eyJ.not-base64!.x", None),
        ("a.W10.b", None),
        ("anything", None),
    ],
)
def test_which_key_is_secret(key: str, secret: bool | None) -> None:
    assert is_secret(key) is secret


class Down(http.server.BaseHTTPRequestHandler):
    """A project in an outage."""

    def do_GET(self) -> None:
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        pass


def test_an_outage_is_no_wrong_key_and_no_open_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Down) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("SUPABASE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x")
        monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
        monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://postgres@127.0.0.1:1/postgres")
        project = Hosted()
        with pytest.raises(DatabaseDown, match="503"):
            project.prove_keys()
        with pytest.raises(DatabaseDown, match="503"):
            project.exposes("private")
        server.shutdown()
