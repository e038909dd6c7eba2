"""Amounts as people read them."""


def amount(value: float, unit: str) -> str:
    """`0.0641` and `137` of what comes in GB, `1,000` of what is counted. Never `2e+06`."""
    if unit.startswith("GB") and value < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}"


def included(value: float, unit: str) -> str:
    """`0.5 GB`, `2,000,000 a month`."""
    return f"{value:,.10g} {unit}"


def percent(share: float, digits: int = 0) -> str:
    return f"{share * 100:,.{digits}f} %"


def dollars(value: float) -> str:
    return f"${value:,.2f}"
