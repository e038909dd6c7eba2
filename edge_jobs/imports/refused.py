"""Why a file, or a row of it, is not imported: stable codes and their sentences for people."""

from collections.abc import Mapping, Sequence
from typing import Any

# Of the file as a whole, behind its name.
FILES = {
    "bomb_ratio": "unpacks to far more than its size suggests.",
    "corrupt_zip": "is damaged and cannot be opened.",
    "doctype_forbidden": "contains declarations that no office program writes.",
    "duplicate_column": "has two columns for the same: {detail}.",
    "empty_file": "has no line that names its columns.",
    "encrypted": "is locked with a password; upload it without one.",
    "field_too_long": "has a cell of more than 131,072 characters in the row of line {line}; "
    "perhaps a quotation mark is not closed.",
    "junk_after_quote": "has something between a closing quotation mark and the next comma, in the "
    "row of line {line}.",
    "macro": "contains macros; save it without them.",
    "no_key_column": "has no column that says which row is meant: it needs {detail}.",
    "no_known_column": "has no column of a known name in its first line: {detail}.",
    "not_utf8": "is not in UTF-8, from line {line} on; save it as UTF-8, or name its encoding "
    "({detail}?) to have it converted.",
    "polyglot": "is two kinds of file at once.",
    "sheet_too_large": "has a sheet that is too large; split it.",
    "sheet_too_sparse": "has a sheet with a cell far away from all others; delete that cell.",
    "too_complex": "takes more time or memory to read than an import may.",
    "too_many_columns": "has more than 1,000 columns; leave some out.",
    "too_many_errors": "has more than 100,000 rows that cannot be imported; the list has them up "
    "to there, and what follows was not looked at.",
    "too_many_rows": "has more than 1,000,000 rows; split it.",
    "type_mismatch": "is not what its name says it is.",
    "type_not_allowed": "is of a kind that is not imported.",
    "unclosed_quote": "has a quotation mark that is never closed, in the row of line {line}.",
    "unknown_column": "has no column {detail}, which the mapping names.",
    "unsafe_path": "contains parts that would unpack outside of their folder.",
    "wrong_delimiter": "is divided by {detail}; save it with commas.",
}

ROWS = {
    "ambiguous": "{detail} entries of the firm have this {column}.",
    "archived": "The entry is archived.",
    "bad_boolean": "Write yes or no.",
    "bad_date": "Write a day of the calendar as 2025-02-28.",
    "bad_form": "This is no {column}{example}.",
    "bad_number": "Write a number with a point and no more decimals than are kept: 1250.50.",
    "cell_error": "There is no value: a formula failed, or a number has more digits than a cell "
    "keeps; write it as text.",
    "column_count": "The row has {detail}.",
    "control_character": "There is a line break or a control character in it.",
    "duplicate_key": "The rows of lines {detail} mean the same entry.",
    "erased": "This person was erased.",
    "incomplete": "Something that belongs to it is missing: a rate and its unit, or for a renewal "
    "the last day and the months.",
    "key_missing": "Nothing says which entry is meant: give one of {detail}.",
    "key_taken": "Another entry of the firm has this {column}.",
    "not_allowed": "Whoever started the import may not change this entry.",
    "not_draft": "The contract is no draft any more; its terms stay as they are.",
    "not_found": "The firm has no entry with this {column}.",
    "not_one_of": "Write one of {detail}.",
    "nul_character": "There is a NUL character in it.",
    "out_of_range": "This is more or less than it can be.",
    "party_missing": "A contract of this kind needs a company, or a consultant.",
    "required": "This cannot be empty.",
    "rule_broken": "The entry would break the rule {detail}.",
    "too_long": "At most {detail} characters.",
    "wrong_order": "It ends before it starts.",
}

_EXAMPLES = {
    "country": "DE",
    "currency": "EUR",
    "email": "ada@example.com",
    "phone": "+49 30 1234567",
    "website": "https://example.com",
}


class Refused(Exception):
    """The file cannot be imported at all."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        line: int | None = None,
        columns: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.line = line
        # What they were taken for, where a mapping would help.
        self.columns = columns


def of_file(code: str, name: str, detail: str | None, line: int | None) -> str:
    """Why the file called ``name`` cannot be imported."""
    return f"“{name}” {FILES[code].format(detail=detail, line=line)}"


def of_row(code: str, column: str | None, detail: str | None) -> str:
    """Why a row cannot be imported. A code that only a trigger of the database knows stands for
    itself."""
    example = f", such as {_EXAMPLES[column]}" if column in _EXAMPLES else ""
    sentence = ROWS.get(code, code)
    return sentence.format(detail=detail, column=column or "value", example=example)
