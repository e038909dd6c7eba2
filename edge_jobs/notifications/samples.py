"""One example of every letter, for previews, tests and pictures."""

from typing import Any

FIRM = "Marlow & Hart Advisory"

_CONTRACT = {
    "number": "2026-014",
    "title": "Pricing strategy for retail",
}
_REMINDER = _CONTRACT | {"party": "Nordwind Handels GmbH", "ends_on": "2026-12-31", "days": 14}
_CONTRACT_LINK = "/contracts/6a9b2c1e-0f54-4f0e-9d57-3c8c7f1b2a10"
_FILE_LINK = "/files/0d4c8a52-7b8e-4c2f-8f6d-1b9e5a3c7d21"

_ITEMS = [
    (
        "“Ines Duarte – CV.pdf” cannot be used",
        "The file is damaged: page 3 cannot be read.",
        _FILE_LINK,
    ),
    (
        "Hosting 2026: last day to cancel in 30 days",
        "Contract 2026-009 with Kestrel Cloud renews itself unless it is cancelled by "
        "15 December 2026.",
        _CONTRACT_LINK,
    ),
    ("Your report is ready", "Contract portfolio as PDF.", "/reports/5"),
]

# Of each event: the subject, and the facts.
_SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "contract_declined": (
        "Pricing strategy for retail was declined",
        _CONTRACT
        | {
            "signer": "Ada Marsh",
            "reason": "The day rate is not what we spoke about.",
            "starts_on": "2027-01-01",
            "link": _CONTRACT_LINK,
        },
    ),
    "contract_ending": (
        "Pricing strategy for retail ends in 14 days",
        _REMINDER | {"link": _CONTRACT_LINK},
    ),
    "contract_renewing": (
        "Pricing strategy for retail: last day to cancel in 14 days",
        _REMINDER | {"cancel_by": "2026-12-01", "renewal_months": 12, "link": _CONTRACT_LINK},
    ),
    "contract_signed": (
        "Pricing strategy for retail is signed",
        _CONTRACT | {"starts_on": "2027-01-01", "link": _CONTRACT_LINK},
    ),
    "digest": (
        f"{FIRM}: 3 things since yesterday",
        {
            "day": "2026-11-16",
            "items": [
                {"title": title, "body": body, "link": link, "day": "2026-11-15"}
                for title, body, link in _ITEMS
            ],
            "more": 0,
            "link": "/notifications",
        },
    ),
    "export_ready": (
        "The export of your firm is ready",
        {"kept_until": "2026-11-23", "link": "/settings/exports/7"},
    ),
    "file_quarantined": (
        "“Rahmenvertrag.docm” is in quarantine",
        {
            "name": "Rahmenvertrag.docm",
            "detail": "“Rahmenvertrag.docm” holds a macro: save it without, as DOCX.",
            "link": _FILE_LINK,
        },
    ),
    "file_rejected": (
        "“Ines Duarte – CV.pdf” cannot be used",
        {
            "name": "Ines Duarte – CV.pdf",
            "detail": "“Ines Duarte – CV.pdf” is damaged: page 3 cannot be read.",
            "link": _FILE_LINK,
        },
    ),
    "invitation": (
        f"Jonas Hart invites you to {FIRM}",
        {
            "inviter": "Jonas Hart",
            "role": "manager",
            "expires_on": "2026-11-30",
            "link": "/invitations/accept#token=5f0c1d",
        },
    ),
    "report_ready": (
        "Your report is ready",
        {
            "report": "Contract portfolio",
            "format": "PDF",
            "kept_until": "2026-12-16",
            "link": "/reports/5",
        },
    ),
    "signer_unreachable": (
        "Pricing strategy for retail: a signer gets no mail",
        _CONTRACT
        | {"signer": "Ada Marsh", "address": "ada@nordwind.example", "link": _CONTRACT_LINK},
    ),
    "signing_request": (
        f"{FIRM}: please sign Pricing strategy for retail",
        _CONTRACT
        | {
            "sender": "Jonas Hart",
            "name": "Ada Marsh",
            "reminder": False,
            "expires_on": "2026-12-16",
            "link": "/sign#token=5f0c1d",
        },
    ),
}


def sample(event: str, *, firm: str = FIRM, color: str | None = None) -> tuple[str, dict[str, Any]]:
    """The subject and the facts of one; KeyError where there is no such event."""
    subject, facts = _SAMPLES[event]
    subject = subject.replace(FIRM, firm)
    return subject, facts | {"firm": firm} | ({"color": color} if color else {})
