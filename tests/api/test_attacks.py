"""No attack of the list is without a test."""

import re
from pathlib import Path

from tests.api.attacks import ATTACKS

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"^(?:async )?def test_attack_(\d\d(?:_and_\d\d)*)_", re.MULTILINE)


def test_every_attack_has_a_test_with_its_number() -> None:
    tested = {
        int(number)
        for file in TESTS.rglob("test_*.py")
        for numbers in NAMED.findall(file.read_text())
        for number in numbers.split("_and_")
    }
    assert tested == set(ATTACKS)
