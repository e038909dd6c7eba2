"""Storage through supabase-js."""

from tests.conftest import RunningStack
from tests.platform.node import run_node_tests


def test_storage_through_supabase_js(stack: RunningStack) -> None:
    run_node_tests(stack, "storage.test.mjs")
