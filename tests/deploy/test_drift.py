"""What somebody changes by hand in a live project is found, each sort by itself."""

import shutil
from pathlib import Path

import psycopg
import pytest

from cli.deploy import checks
from cli.deploy.checks import Examination
from cli.deploy.drift import drift
from cli.deploy.hosted import Hosted
from cli.doctor.checks import Check, look_at
from cli.schema import supabase_cli
from cli.schema.build import scratch
from cli.schema.errors import NoScratchServer
from cli.schema.migrations import Project, applied
from cli.schema.servers import connect
from tests.conftest import RunningStack


@pytest.fixture(scope="module", autouse=True)
def live(hosted: RunningStack) -> None:
    supabase_cli.migrate(hosted.db_url)


def look() -> Check:
    examination = Examination(Hosted(), Project())
    examination.owner()
    return look_at("objects", examination.objects)


@pytest.mark.parametrize(
    ("by_hand", "back", "found"),
    [
        (
            "create policy anybody on storage.objects for select to anon using (true)",
            "drop policy anybody on storage.objects",
            "policy anybody on storage.objects",
        ),
        (
            "grant select on public.contracts to anon",
            "revoke select on public.contracts from anon",
            "table public.contracts",
        ),
        (
            "grant update (status) on public.contracts to authenticated",
            "revoke update (status) on public.contracts from authenticated",
            "column public.contracts.status",
        ),
        (
            "alter table public.firms disable row level security",
            "alter table public.firms enable row level security",
            "table public.firms",
        ),
        (
            "alter table public.contracts disable trigger contracts_freeze",
            "alter table public.contracts enable trigger contracts_freeze",
            "trigger contracts_freeze on public.contracts",
        ),
        (
            "alter function private.firm_ids(text) security invoker",
            "alter function private.firm_ids(text) security definer",
            "function private.firm_ids(text)",
        ),
        (
            "create function public.mine() returns int return 1",
            "drop function public.mine()",
            "function public.mine()",
        ),
        (
            "alter table auth.users disable trigger firmbase_profile_created",
            "alter table auth.users enable trigger firmbase_profile_created",
            "trigger firmbase_profile_created on auth.users",
        ),
    ],
)
def test_what_somebody_changed_by_hand_is_found(
    hosted: RunningStack, environment: object, by_hand: str, back: str, found: str
) -> None:
    with psycopg.connect(hosted.superuser_url, autocommit=True) as connection:
        connection.execute(by_hand)
        try:
            told = look()
            assert told.state == "differs"
            assert told.detail == f"1 are not as the migrations made them: {found}."
            assert "the migrations, " in told.mend or "only in the project" in told.mend
        finally:
            connection.execute(back)
    assert look().state == "ok"


def test_a_project_that_is_behind_has_not_drifted(hosted: RunningStack, tmp_path: Path) -> None:
    earlier = Project(tmp_path)
    earlier.migrations.mkdir(parents=True)
    first, *_ = sorted(Project().migrations.glob("*.sql"))
    shutil.copy(first, earlier.migrations)
    with scratch(hosted.db_url) as url:
        supabase_cli.migrate(url, earlier.root)
        assert drift(url, hosted.db_url, Project(), applied(url)) == []
        with connect(url) as connection:
            connection.execute("drop function private.fail cascade")
        assert drift(url, hosted.db_url, Project(), applied(url)) != []


def test_without_a_local_stack_a_person_compares(environment: pytest.MonkeyPatch) -> None:
    def no_stack() -> str:
        raise NoScratchServer

    environment.setattr(checks, "scratch_server", no_stack)
    told = look()
    assert (told.state, told.mend) == ("by hand", "Run `firmbase stack up`, then this again.")
