"""What the demonstration shows in the end."""

from pathlib import Path
from typing import Any

from cli.demo.story import Day
from cli.output import print_facts, print_table, say


def tables(day: Day) -> None:
    config = day.config
    print_table(
        f"Contracts of {day.firm['name']}",
        ["number", "title", "status", "ends on"],
        [[str(c["number"]), c["title"], c["status"], c["ends_on"] or "–"] for c in day.contracts],
    )
    print_table(
        "Files",
        ["name", "status", "type", "pages", "words", "reason"],
        [[file["name"], file["status"], *details(file)] for file in day.files],
    )
    print_table(
        f"Mails in the mailbox {config.mail_url}",
        ["to", "subject"],
        [[mail["to"][0]["address"], mail["subject"]] for mail in day.mails],
    )
    print_facts("Reports", [(p.suffix[1:], str(p)) for p in day.reports])
    print_facts("Thumbnails", [(p.stem, str(p)) for p in day.thumbnails])
    print_facts("The app", [("open", config.app_url)])
    print_facts(
        "Log in as", [(f"{p.name} ({p.role})", f"{p.email}  {p.password}") for p in day.people]
    )
    print_facts("The stack is running", list(config.environment().items()))
    read = day.stranger_rows
    print_facts(
        "A stranger with a valid token",
        [("could read", f"{read} rows and files" if read else "none of these rows and files")],
    )
    for name in day.unfinished:
        say(f"Not finished: {name}. `firmbase jobs list` shows why.")


def details(file: dict[str, Any]) -> list[str]:
    return [
        Path(file["name"]).suffix[1:],
        str(file["page_count"] or "–"),
        str(file["word_count"] or "–"),
        file["reason"] or "–",
    ]


def summary(day: Day) -> dict[str, Any]:
    return {
        "firm": day.firm,
        "contracts": day.contracts,
        "files": [
            {key: value for key, value in file.items() if key != "text"} for file in day.files
        ],
        "mails": [{"to": m["to"], "subject": m["subject"]} for m in day.mails],
        "reports": [str(path) for path in day.reports],
        "thumbnails": [str(path) for path in day.thumbnails],
        "people": [
            {"name": p.name, "role": p.role, "email": p.email, "password": p.password}
            for p in day.people
        ],
        "environment": day.config.environment(),
        "stranger_rows": day.stranger_rows,
        "unfinished": day.unfinished,
    }
