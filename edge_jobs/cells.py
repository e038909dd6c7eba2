"""Values as cells of a CSV file that a spreadsheet shows and never runs."""

import re

# A spreadsheet takes a cell that starts with one of these for a formula, the wide forms too; and
# where semicolons or tabs divide the cells, one starts behind each of them.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


def cell(value: str | None) -> str:
    return "" if value is None else _FORMULA.sub(r"\1'", value)
