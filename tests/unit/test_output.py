"""How commands show what somebody else has written."""

import pytest

from cli.output import print_table


def test_a_title_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("[/b][red]Marlow", ["name of the partner"], [["[/i]Hart"]])
    shown = capsys.readouterr().out
    assert "[/b][red]Marlow" in shown
    assert "[/i]Hart" in shown
