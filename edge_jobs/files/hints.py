"""What a contract's text says that its record could: dates, amounts and parties, each with its
place. Suggestions for people; nothing writes them into a contract.

Runs inside the sandbox. No expression here can go back over what it has read more than a few times.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

# Contracts are no longer.
LOOKED_AT = 200_000
# So that a table of dates leaves room for the rest.
_MOST_OF_A_KIND = {"date": 20, "amount": 20, "party": 10}

_MONTHS = (
    "january|januar|janvier,february|februar|février,march|märz|mars,april|avril,may|mai,"
    "june|juni|juin,july|juli|juillet,august|août,september|septembre,october|oktober|octobre,"
    "november|novembre,december|dezember|décembre"
)
_MONTH = {name: n for n, names in enumerate(_MONTHS.split(","), 1) for name in names.split("|")}
_MONTH |= {name[:3]: number for name, number in _MONTH.items() if name.isascii()}
# Most words are none after two letters.
_NAMES = "(?=[jfmasond][aäceékopuv])(?:" + "|".join(sorted(_MONTH, key=len, reverse=True)) + ")"
_DATE = re.compile(
    r"\b(?:(?P<y1>\d{4})-(?P<m1>\d{2})-(?P<d1>\d{2})"
    r"|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4})"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s(?:of\s)?(?P<m3>{_NAMES})\.?,?\s(?P<y3>\d{{4}})"
    rf"|(?P<m4>{_NAMES})\.?\s(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y4>\d{{4}}))\b(?!\.\d)",
    re.IGNORECASE,
)

_SIGNS = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "¥": "JPY", "Euro": "EUR"}
_CODES = "EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|HUF|RON|CAD|AUD"
_CURRENCY = rf"{_CODES}|US\$|Euro|[€$£¥]"
_NUMBER = r"\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3}){1,4}(?:[.,]\d{2})?|\d{1,12}(?:[.,]\d{2})?"
# "$5 billion" is no sum a contract is about.
_MULTIPLES = r"[ \u00a0]?(?:[kmKM]|bn|[mbtr]+illions?|thousand|Mio|Mrd|Tsd)\b"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?P<c1>{_CURRENCY})[ \u00a0]?(?P<n1>{_NUMBER})(?!\d|{_MULTIPLES})"
    rf"|(?<![\w.,])(?P<n2>{_NUMBER})[ \u00a0]?(?P<c2>{_CURRENCY})(?!\w)"
)
_CENTS = re.compile(r"[.,](\d{2})$")

_WORD = r"[A-ZÀ-Ý][\w&.'’-]{0,40}"
_NAME = rf"{_WORD}(?:,?[ ](?:{_WORD}|&|und|and|of|de|von)){{0,6}}"
_FORM = (
    r"GmbH(?: & Co\. KG)?|AG|SE|KG|Ltd\.?|Limited|LLC|LLP|Inc\.?|Corp\.?|PLC|plc|S\.A\.|SA|SAS|"
    r"SARL|S\.r\.l\.|S\.p\.A\.|B\.V\.|N\.V\.|AB|A/S|ApS|Oy"
)
_ROLES = (
    "Client|Customer|Company|Provider|Supplier|Vendor|Contractor|Subcontractor|Consultant|"
    "Service Provider|Employer|Licensor|Licensee|Buyer|Seller|Lessor|Lessee|Landlord|Tenant|"
    "Partner|Disclosing Party|Receiving Party|Auftraggeber(?:in)?|Auftragnehmer(?:in)?|Kunde|"
    "Dienstleister|Berater(?:in)?|Anbieter(?:in)?|Lieferant|Käufer|Verkäufer|le Client|"
    "le Prestataire"
)
_PARTY = re.compile(
    # As a contract introduces its parties: Helios GmbH (the “Client”).
    rf"(?P<p1>{_NAME}(?:,? (?:{_FORM}))?)\s?\((?:the |der |die |hereinafter |nachfolgend )?"
    rf"[\"“„'](?:{_ROLES})[\"”“']\)"
    # Or a company by its legal form.
    rf"|(?P<p2>{_WORD}(?:[ ](?:{_WORD}|&)){{0,4}},?[ ](?:{_FORM}))(?![\w])"
)


def find(text: str) -> list[dict[str, Any]]:
    """``{kind, value, text, page, start, end}`` each, in the order of the text.

    ``value`` is an ISO date, an amount such as "950.00 EUR", or a name; ``page`` counts the form
    feeds before it from 1, ``start`` and ``end`` are places in the whole text.
    """
    text = text[:LOOKED_AT]
    hints: list[dict[str, Any]] = []
    for kind, most in _MOST_OF_A_KIND.items():
        seen: set[str] = set()
        for start, end, value in _FINDERS[kind](text):
            if value in seen:
                continue
            seen.add(value)
            hints.append({"kind": kind, "value": value, "start": start, "end": end})
            if len(seen) == most:
                break
    hints.sort(key=lambda hint: hint["start"])
    page, position = 1, 0
    for hint in hints:
        page += text.count("\f", position, hint["start"])
        position = hint["start"]
        hint |= {"page": page, "text": text[hint["start"] : hint["end"]]}
    return hints


Found = Iterator[tuple[int, int, str]]


def _dates(text: str) -> Found:
    for match in _DATE.finditer(text):
        year, month, day = (
            next(match[f"{part}{n}"] for n in "1234" if match[f"{part}{n}"]) for part in "ymd"
        )
        number = int(month) if month.isdigit() else _MONTH[month.lower()]
        try:
            yield *match.span(), date(int(year), number, int(day)).isoformat()
        except ValueError:
            continue


def _amounts(text: str) -> Found:
    for match in _AMOUNT.finditer(text):
        number, currency = match["n1"] or match["n2"], match["c1"] or match["c2"]
        cents = _CENTS.search(number)
        units = re.sub(r"\D", "", number[: cents.start()] if cents else number)
        value = f"{int(units)}.{cents[1] if cents else '00'} {_SIGNS.get(currency, currency)}"
        yield *match.span(), value


def _parties(text: str) -> Found:
    for match in _PARTY.finditer(text):
        group = "p1" if match["p1"] else "p2"
        yield *match.span(group), match[group]


_FINDERS = {"date": _dates, "amount": _amounts, "party": _parties}
