"""What one of each takes up in the database, as `python -m bench capacity` measured it."""

from datetime import date
from functools import cache
from pathlib import Path

from pydantic import model_validator

from cli.cost.data import FOLDER, Strict, load

PATH = FOLDER / "capacity.toml"

# In the order of the table in docs/cost.md.
THINGS = {
    "schema": "the schema, empty",
    "member": "a member, with the account",
    "company": "a company with two contacts",
    "consultant": "a consultant",
    "contract": "a contract, signed, with all that belongs to it",
    "contract_row": "of which the row in contracts",
    "file": "a file with six pages of text, with all that belongs to it",
    "file_row": "of which the row in files",
    "search_entry": "of which its entry in the search",
    "audit_row": "an audit row",
    "notification": "a notification",
    "email": "an e-mail that was sent",
    "finished_job": "a finished job",
    "pictures": "in the storage: thumbnail and previews of a file",
}


class Capacity(Strict):
    """Indexes and what is stored out of line are included."""

    measured_on: date
    schema_version: int
    contracts: int
    files: int
    text_characters: int
    bytes: dict[str, int]

    @model_validator(mode="after")
    def complete(self) -> "Capacity":
        if missing := [thing for thing in THINGS if self.bytes.get(thing, 0) <= 0]:
            raise ValueError(f"no bytes of {', '.join(missing)}")
        return self

    def toml(self) -> str:
        """As it is kept."""
        return "\n".join(
            [
                "# Measured by `python -m bench capacity`, which writes it to bench/out/.",
                f"measured_on = {self.measured_on}",
                *(
                    f"{name} = {getattr(self, name)}"
                    for name in ("schema_version", "contracts", "files", "text_characters")
                ),
                "",
                "[bytes]",
                *(f"{thing} = {self.bytes[thing]}" for thing in THINGS),
                "",
            ]
        )


@cache
def kept(path: Path = PATH) -> Capacity:
    return load(Capacity, path)
