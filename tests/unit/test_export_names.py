"""Names inside an export: safe on every disk, and each once."""

import pytest

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
