"""What several files of these tests share."""

import pytest

from tests.api.erasures import Who


@pytest.fixture
def who() -> Who:
    return Who()
