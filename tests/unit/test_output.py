"""How commands show what somebody else has written."""

import pytest

from cli.output import print_facts, print_table


def test_a_title_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("[/b][red]Marlow", ["name of the partner"], [["[/i]Hart"]])
    shown = capsys.readouterr().out
    assert "[/b][red]Marlow" in shown
    assert "[/i]Hart" in shown


def test_what_a_document_says_is_no_order_to_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    title = "\x1b]0;forged\x07Minutes\x9b2J\u202efdp"
    print_table("Files", ["title"], [[title]])
    print_facts("File", [("title", title)])
    shown = capsys.readouterr().out
    assert shown.count("Minutes") == 2
    assert set(shown).isdisjoint("\x1b\x07\x9b\u202e")
