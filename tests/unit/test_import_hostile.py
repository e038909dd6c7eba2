"""Files that are no good as imports, each with its code, and what of them is good all the same."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from edge_jobs import sandbox
from edge_jobs.imports import read as reading
from edge_jobs.imports import refused, run
from edge_jobs.imports.keys import Keys
from tests.unit.documents import docx, sheets, xlsx, zipped

FIELDS: list[dict[str, Any]] = [
    {"field": "external_ref", "key": "unique", "words": ["external id"]},
    {"field": "tax_id", "key": "unique", "words": ["VAT ID", "vat number"]},
    {"field": "name", "key": "shared", "words": ["company name"]},
    {"field": "country", "key": None, "words": []},
]
Mapping = dict[str, str | None]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEAD = b"name,external_ref,country\n"


def ask(name: str, mapping: Mapping | None = None) -> str:
    return json.dumps({"name": name, "mapping": mapping or {}, "fields": FIELDS})


def read(
    folder: Path, content: bytes, name: str = "a.csv", mapping: Mapping | None = None
) -> dict[str, Any]:
    source = folder / "source"
    source.write_bytes(content)
    return reading.read(source, folder, ask(name, mapping))


def rows(folder: Path, found: dict[str, Any]) -> list[Any]:
    batches = run.batches(folder, found["fields"], 0)
    return [row for _, good, wrong in batches for row in (*good, *wrong)]


def cells(*rows: str) -> str:
    """Rows of a sheet, as XML, their cells divided by bars."""
    return "".join(
        f'<row r="{n}">'
        + "".join(
            f'<c r="{letter}{n}" t="inlineStr"><is><t>{cell}</t></is></c>'
            for letter, cell in zip("ABCDEFG", row.split("|"), strict=False)
        )
        + "</row>"
        for n, row in enumerate(rows, 1)
        if row
    )


REFUSED = [
    (b"", "a.csv", "empty_file", None),
    (b"\xef\xbb\xbf\r\n\r\n", "a.csv", "empty_file", None),
    (b" , ,\n1,2,3\n", "a.csv", "empty_file", None),
    (HEAD + b"Acme,1,DE\nM\xfcller,2,DE\n", "a.csv", "not_utf8", 3),
    (HEAD.replace(b"\n", b"\r") + b"Acme,1,DE\rM\xfcller,2,DE\r", "a.csv", "not_utf8", 3),
    (HEAD.decode().encode("utf-16"), "a.csv", "not_utf8", 1),
    (HEAD.decode().encode("utf-16-le"), "a.csv", "not_utf8", 1),
    (HEAD + b"Acme,1,\xed\xa0\x80\n", "a.csv", "not_utf8", 2),
    (HEAD + b"Acme,1,\xff\n", "a.csv", "not_utf8", 2),
    (HEAD + b'Acme,1,DE\n"Open,2,DE\nx,3,DE\n', "a.csv", "unclosed_quote", 3),
    (HEAD + b'"Acme"x,1,DE\n', "a.csv", "junk_after_quote", 2),
    (HEAD + b"Acme,1,DE\n" + b"x" * 131_073 + b",2,DE\n", "a.csv", "field_too_long", 3),
    (b"name;external_ref;country\nA;1;DE\n", "a.csv", "wrong_delimiter", None),
    (b"name\texternal_ref, old\tx\nA\t1\t\n", "a.csv", "wrong_delimiter", None),
    (b"name,country,Name \nA,DE,B\n", "a.csv", "duplicate_column", None),
    (b"name,company name\nA,B\n", "a.csv", "duplicate_column", None),
    (b"Acme,1,DE\n", "a.csv", "no_known_column", None),
    (b"name," * 1001, "a.csv", "too_many_columns", None),
    (b"country\nDE\n", "a.csv", "no_key_column", None),
    (b"%PDF-1.7\n", "a.csv", "type_mismatch", None),
    (b"<html><body>%PDF-1.7", "a.csv", "polyglot", None),
    (b"<!doctype html><table>", "a.csv", "type_not_allowed", None),
    (HEAD, "a.xlsx", "type_mismatch", None),
    (xlsx(cells("name")), "a.csv", "type_mismatch", None),
    (docx(), "a.xlsx", "type_mismatch", None),
    (zipped({"a.zip": zipped({"a": "b"})}), "a.xlsx", "type_not_allowed", None),
    (OLE + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "encrypted", None),
    (xlsx("", {"xl/vbaProject.bin": "x"}), "a.xlsx", "macro", None),
    (xlsx("", {"../x": "y"}), "a.xlsx", "unsafe_path", None),
    (xlsx("", {"docProps/core.xml": "<!DOCTYPE x><x/>"}), "a.xlsx", "doctype_forbidden", None),
    (xlsx("", {"xl/x.bin": b"0" * 9_000_000}), "a.xlsx", "bomb_ratio", None),
    (xlsx('<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>'), "a.xlsx",
     "sheet_too_sparse", None),
    (xlsx(cells("name"))[:-40], "a.xlsx", "corrupt_zip", None),
    (xlsx("<row r='1'><c r='A1' t='s'><v>99</v></c></row>"), "a.xlsx", "corrupt_zip", None),
    (xlsx(""), "a.xlsx", "empty_file", None),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "code", "line"), REFUSED)
def test_a_file_that_is_refused_says_why(
    tmp_path: Path, content: bytes, name: str, code: str, line: int | None
) -> None:
    found = read(tmp_path, content, name)
    assert (found.get("rejected"), found.get("line")) == (code, line), found
    said = refused.of_file(code, name, found["detail"], line)
    assert said.startswith(f"“{name}” ")
    assert "None" not in said


def test_hostile_files_meet_the_sandbox_and_cost_the_runner_nothing(tmp_path: Path) -> None:
    source, work = tmp_path / "source", tmp_path / "work"
    work.mkdir()
    task = {"name": "a.xlsx", "mapping": {}, "fields": FIELDS}
    # A reader that aborts, as some do with cells far away, takes no process along but its own.
    far = '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>'
    source.write_bytes(xlsx(far + '<row r="9"><c r="XFD1048576" t="e"><v>x</v></c></row>'))
    assert run.examine(source, work, task)["rejected"] in ("sheet_too_sparse", "corrupt_zip")
    # What a cell holds is not limited by the format, but by what a file of the sandbox may hold.
    source.write_bytes(xlsx(cells("name|external_ref", f"{secrets.token_hex(10_000_000)}|1")))
    assert run.examine(source, work, task)["rejected"] == "too_complex"
    source.write_bytes(HEAD + b"Acme,1,DE\n")
    assert run.examine(source, work, task | {"name": "a.csv"})["rows"] == 1
    end = sandbox.attempt("tests.unit.sandboxed:spin", source, work, cpu_s=1)
    assert end.code < 0
    assert end.cpu_s < 5


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_good_rows_keep_their_lines(tmp_path: Path, mark: bytes, ending: bytes) -> None:
    content = b'Company-Name,EXTERNAL_ID,Colour\nA,1,red\n\n"B\nC",2,\n =1+1 , 3 ,\nshort,4\n , ,\n'
    found = read(tmp_path, mark + content.replace(b"\n", ending))
    assert found["fields"] == ["name", "external_ref"]
    assert [c["field"] for c in found["columns"]] == ["name", "external_ref", None]
    inside = ending.decode()
    assert rows(tmp_path, found) == [
        [2, "A", "1"],
        [4, f"B{inside}C", "2"],
        [6, "=1+1", "3"],
        [7, None, None, "column_count", "2 cells, and there are 3 columns"],
    ]


def test_a_nul_costs_its_row(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + b"Ac\0me,1,DE\nGood,2,DE\n")
    assert rows(tmp_path, found) == [
        [3, "Good", "2", "DE"],
        [2, "name", "Ac␀me", "nul_character", None],
    ]


def test_rows_of_one_key_cost_each_other_and_no_third(tmp_path: Path) -> None:
    content = (
        b"external_ref,VAT number,name\n"
        b"R1,,Acme\n"  # 2: by reference
        b"R1,,Beta\n"  # 3: the same
        b"R2,T1,Gamma\n"  # 4: its tax number is somebody else's too
        b",T1,Delta\n"  # 5
        b"R3,,Twin\n"  # 6: told apart by its reference
        b"R4,,Twin\n"  # 7: as well
        b",,Twin\n"  # 8: which of them?
        b",,Solo\n"  # 9
        b"\\N,\\N,Eps\n"  # 10: what is cleared is no key
        b"\\N,\\N,Eta\n"  # 11
    )
    found = read(tmp_path, content)
    wrong = [row for _, _, refused in run.batches(tmp_path, found["fields"], 0) for row in refused]
    assert wrong == [
        [2, "external_ref", "R1", "duplicate_key", "2, 3"],
        [3, "external_ref", "R1", "duplicate_key", "2, 3"],
        [4, "tax_id", "T1", "duplicate_key", "4, 5"],
        [5, "tax_id", "T1", "duplicate_key", "4, 5"],
        [8, "name", "Twin", "duplicate_key", "6, 7, 8"],
    ]
    assert [row[0] for _, good, _ in run.batches(tmp_path, found["fields"], 0) for row in good] == [
        6, 7, 9, 10, 11
    ]  # fmt: skip


def test_a_number_is_the_same_however_it_is_written() -> None:
    keys = Keys([{"field": "number", "key": "unique"}], ["number"])
    for line, said in enumerate(("7", "70", "007", "+7", "0"), 2):
        keys.add(line, [said])
    assert list(keys.doubles()) == [(n, "number", "2, 4, 5") for n in (2, 4, 5)]


def test_many_rows_of_one_key_are_not_all_named() -> None:
    keys = Keys(FIELDS, ["external_ref"])
    for line in range(2, 52):
        keys.add(line, ["R"])
    doubles = list(keys.doubles())
    assert len(doubles) == 50
    assert doubles[0] == (2, "external_ref", "2, 3, 4, 5, 6 and 45 more")
    assert doubles[-1][2] == "2, 3, 4, 5, 6, 51 and 44 more"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"name,ta\0x,external_ref\nAcme,1,A\n", "a.csv"),
        (xlsx(cells("name|ta_x0000_x|external_ref", "Acme|1|A")), "a.xlsx"),
    ],
)
def test_a_header_with_a_nul_is_a_column_of_no_known_name(
    tmp_path: Path, content: bytes, name: str
) -> None:
    found = read(tmp_path, content, name)
    assert [c["column"] for c in found["columns"]] == ["name", "ta␀x", "external_ref"]
    assert rows(tmp_path, found) == [[2, "Acme", "A"]]


def test_a_nul_in_a_workbook_costs_its_row(tmp_path: Path) -> None:
    found = read(tmp_path, xlsx(cells("name|external_ref", "A_x0000_b|1", "Acme|2")), "a.xlsx")
    assert rows(tmp_path, found) == [
        [3, "Acme", "2"],
        [2, "name", "A␀b", "nul_character", None],
    ]


def test_workbooks_give_what_csv_would(tmp_path: Path) -> None:
    sheet = cells("", "", "name|external_ref|country", "", "Acme| 7 |DE", "Wide|8||") + (
        '<row r="7"><c r="A7"><v>12</v></c><c r="B7"><v>1.5</v></c>'
        '<c r="C7" t="b"><v>1</v></c></row>'
        '<row r="8"><c r="A8" t="str"><f>A1</f><v>Sum</v></c><c r="B8"><v>9</v></c>'
        '<c r="D8" t="inlineStr"><is><t>stray</t></is></c></row>'
    )
    found = read(tmp_path, xlsx(sheet), "a.xlsx")
    assert rows(tmp_path, found) == [
        [5, "Acme", "7", "DE"],
        [6, "Wide", "8", None],
        [7, "12", "1.5", "yes"],
        [8, None, None, "column_count", "4 cells, and there are 3 columns"],
    ]


@pytest.mark.parametrize("first", ['state="hidden"', 'state="veryHidden"', ""])
def test_of_a_workbook_the_sheet_is_read_that_people_see_first(tmp_path: Path, first: str) -> None:
    head = "name|external_ref"
    before = cells(head, "Hidden|1") if first else ""
    content = sheets((first, before), ("", cells(head, "Seen|2")), ("", cells(head, "Last|3")))
    assert rows(tmp_path, read(tmp_path, content, "a.xlsx")) == [[2, "Seen", "2"]]


def test_a_workbook_of_charts_has_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path, sheets(("", "")), "a.xlsx")["rejected"] == "empty_file"


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#SPILL!", "#CALC!"])
def test_a_formula_that_failed_is_no_blank(tmp_path: Path, error: str) -> None:
    """Blank would be a row of another key, or none, and leave untouched what it should change."""
    sheet = cells("name|external_ref|Colour", "", "", "Acme|2|") + (
        f'<row r="2"><c r="A2" t="e"><f>B9</f><v>{error}</v></c><c r="B2"><v>1</v></c></row>'
        f"<row r='3'><c r='A3' t='str'><v>A</v></c><c t='e' r='B3'><v>{error}</v></c></row>"
        f'<row r="5"><c r="B5"><v>3</v></c><c r="C5" s="0" t="e"><v>{error}</v></c></row>'
    )
    csv = f"name,external_ref,Colour\n{error},1,\nA,{error},\nAcme,2,\n,3,{error}\n"
    for content, name in ((xlsx(sheet), "a.xlsx"), (csv.encode(), "a.csv")):
        assert rows(tmp_path, read(tmp_path, content, name)) == [
            [4, "Acme", "2"],
            [5, None, "3"],
            [2, "name", error, "cell_error", None],
            [3, "external_ref", error, "cell_error", None],
        ], name


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("9007199254740991", "9007199254740991"),
        ("1250.0999999999999", "1250.1"),
        # What a sum leaves behind; any program shows 0.3.
        ("0.30000000000000004", "0.3"),
        ("110.00000000000001", "110"),
        # References that a cell cannot keep: it has another number by now.
        ("9007199254740993", None),
        ("12345678901234567", None),
        ("1e999", None),
    ],
)
def test_a_number_is_what_its_cell_can_keep(tmp_path: Path, kept: str, shown: str | None) -> None:
    sheet = cells("name|external_ref") + (
        f'<row r="2"><c r="A2" t="str"><v>Acme</v></c><c r="B2"><v>{kept}</v></c></row>'
    )
    refused_row = [2, "external_ref", "#NUM!", "cell_error", None]
    expected = [2, "Acme", shown] if shown else refused_row
    assert rows(tmp_path, read(tmp_path, xlsx(sheet), "a.xlsx")) == [expected]


@pytest.mark.parametrize(
    ("one", "other"), [("ที่อยู่", "ที่อายุ"), ("पता", "पति"), ("がす", "かす"), ("#", "%"), ("ab", "ac")]
)
def test_headers_that_mean_two_things_are_two(tmp_path: Path, one: str, other: str) -> None:
    found = read(tmp_path, f"name,{one},{other}\n".encode(), mapping={other: "country"})
    assert found.get("fields") == ["name", "country"], found


@pytest.mark.parametrize("name", ["Straße", "STRASSE", " stra_sse", "Straße-"])
def test_headers_are_known_without_case_and_accents(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, f"náme,{name}\n".encode(), mapping={"strasse": "country"})
    assert found.get("fields") == ["name", "country"], found


def test_a_mapping_can_leave_columns_out_and_is_held_to_the_file(tmp_path: Path) -> None:
    content = b"name,Firma,external_ref\nA,B,C\n"
    assert read(tmp_path, content, mapping={"Firma": "name"})["fields"] == ["name", "external_ref"]
    found = read(tmp_path, content, mapping={"Firma": "name"})
    assert rows(tmp_path, found) == [[2, "B", "C"]]
    assert read(tmp_path, content, mapping={"name": None})["fields"] == ["external_ref"]
    assert read(tmp_path, content, mapping={"Nobody": "name"})["rejected"] == "unknown_column"
    # A header is told cut; as it was told it can be mapped, whatever it is made of.
    for header in ("Frage " + "x" * 193 + " y", "#", "__proto__", "<b>"):
        found = read(tmp_path, f'"{header}",%\nA,B\n'.encode(), mapping={header[:200]: "name"})
        assert found["fields"] == ["name"], found
        again: Mapping = {found["columns"][0]["column"]: "country", "%": "name"}
        found = read(tmp_path, f'"{header}",%\nA,B\n'.encode(), mapping=again)
        assert found["fields"] == ["country", "name"], found


COLUMNS = [
    (b"Firma,Land\n", {}, "no_known_column", [None, None]),
    (b"Firma,country\n", {}, "no_key_column", [None, "country"]),
    (b"Firma,name\n", {"Gone": "country"}, "unknown_column", [None, "name"]),
    (b"Firma,name\n", {"Firma": "name", "name": "name"}, "duplicate_column", ["name", "name"]),
    # No mapping tells these apart.
    (b"Firma,firma \n", {}, "duplicate_column", []),
    (b"Firma;Land\n", {}, "wrong_delimiter", []),
]


@pytest.mark.parametrize(("content", "mapping", "code", "fields"), COLUMNS)
def test_columns_that_a_mapping_could_mend_are_told(
    tmp_path: Path, content: bytes, mapping: Mapping, code: str, fields: list[Any]
) -> None:
    found = read(tmp_path, content, mapping=mapping)
    assert (found["rejected"], [c["field"] for c in found["columns"]]) == (code, fields)


def test_a_file_may_be_long_but_not_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert read(tmp_path, HEAD + b"A,,\n" * 3)["rows"] == 3
    assert read(tmp_path, HEAD + b"A,,\n" * 4)["rejected"] == "too_many_rows"


def test_batches_are_cut_by_rows_and_by_bytes_and_go_on_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_jobs.imports.spool.FILE_BYTES", 200)
    monkeypatch.setattr(run, "BATCH_ROWS", 4)
    monkeypatch.setattr(run, "BATCH_BYTES", 1000)
    content = HEAD + b"".join(b"%s,%d,DE\n" % (b"x" * (600 * (n > 8)), n) for n in range(1, 12))
    found = read(tmp_path, content)
    assert [size for size, *_ in run.batches(tmp_path, found["fields"], 0)] == [4, 4, 2, 1]
    assert [size for size, *_ in run.batches(tmp_path, found["fields"], 7)] == [3, 1]
    assert len(list(tmp_path.glob("rows-*.jsonl"))) > 2
