"""Names inside an export: safe on every disk, and each once."""

import pytest

from edge_jobs.exports import names as export_names
from edge_jobs.exports.names import Names, safe


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Agreement.pdf", "Agreement.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "_"),
        ("", "_"),
        ("a\\b:c*?.txt", "a_b_c__.txt"),
        ("NUL.txt", "_NUL.txt"),
        ("com1", "_com1"),
        ("NUL .txt", "_NUL .txt"),
        ("COM¹.txt", "_COM¹.txt"),
        ("trailing. ", "trailing"),
        (".hidden", "hidden"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("invoice\u061cfdp.exe", "invoice_fdp.exe"),
        ("line\nbreak", "line_break"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("契" * 200, "契" * 80),
        ("契" * 80 + ".pdf", "契" * 78 + ".pdf"),
        ("x" * 120 + ".abcdefgh ij", "x" * 91 + ".abcdefgh"),
        ("Käse", "Käse"),
    ],
)
def test_a_safe_name(name: str, expected: str) -> None:
    assert safe(name) == expected


def test_names_are_given_once_whatever_their_case() -> None:
    names = Names()
    given = [names.unique("firm", name) for name in ("a.pdf", "A.pdf", "a (2).pdf", "a.pdf")]
    assert given == ["firm/a.pdf", "firm/A (2).pdf", "firm/a (2) (2).pdf", "firm/a (3).pdf"]


def test_a_name_is_numbered_once_however_often_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a firm with thousands of scan.pdf waits for hours, and its export runs out of time."""
    tried: list[int] = []
    numbered = export_names.numbered

    def counted(name: str, number: int) -> str:
        tried.append(number)
        return numbered(name, number)

    monkeypatch.setattr(export_names, "numbered", counted)
    names = Names()
    given = [names.unique("firm", "scan.pdf") for _ in range(100)]
    assert given[-1] == "firm/scan (100).pdf"
    assert tried == list(range(2, 101))
