"""What one thing takes up, measured again at a small size, beside what is kept."""

from bench.capacity import goals
from bench.capacity.scales import measure
from cli.cost.capacity import kept
from tests.conftest import RunningStack


def test_what_is_kept_is_still_so(stack: RunningStack) -> None:
    found = measure(stack.db_url, stack.superuser_url, contracts=80, files=40)
    off = {goal.name: goal.value for goal in goals(found, kept()) if not goal.ok}
    assert not off, "measure anew: python -m bench capacity"
