"""What a project uses beside what its plan includes."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from cli.cost import growth
from cli.cost.bill import Used
from cli.cost.plans import GB, Meter, PlanName, Plans, Quota

# The figures of public.project_usage that a plan counts, and how many of them are one of its units.
FIGURES: dict[Meter, tuple[str, float]] = {
    "database_gb": ("database_bytes", GB),
    "files_gb": ("file_bytes", GB),
    "active_users": ("active_users", 1),
}


@dataclass(frozen=True)
class Limit:
    what: str
    unit: str
    # None: only the platform sees it.
    used: float | None
    included: float
    hard: bool
    month: str | None
    reached: str
    verified: bool

    @property
    def share(self) -> float | None:
        return None if self.used is None or not self.included else self.used / self.included

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share}


def used_now(usage: dict[str, Any]) -> Used:
    return Used(
        {meter: usage[figure] / unit for meter, (figure, unit) in FIGURES.items()},
        mails=usage["mails"],
    )


def limits(plans: Plans, plan: PlanName, usage: dict[str, Any], today: date) -> list[Limit]:
    """Those of the plan, then that of the mail service that costs nothing."""
    quotas = plans.plans[plan].quotas
    free = next(mail for mail in plans.mail.values() if not mail.monthly)
    return [
        *(
            limit(plans, named.label, named.unit, quotas[meter], usage, today, FIGURES.get(meter))
            for meter, named in plans.meters.items()
        ),
        limit(plans, f"mails, {free.name}", "a month", free.mails, usage, today, ("mails", 1)),
    ]


def limit(
    plans: Plans,
    what: str,
    unit: str,
    quota: Quota,
    usage: dict[str, Any],
    today: date,
    counted: tuple[str, float] | None,
) -> Limit:
    hard, verified = quota.price is None, plans.verified(quota)
    if counted is None:
        reached = "not measured: see the dashboard"
        return Limit(what, unit, None, quota.included, hard, None, reached, verified)
    figure, size = counted
    used, days = usage[figure] / size, usage["growth"]["days"]
    rate = growth.per_day(usage["growth"], figure, size)
    month = growth.month_reached(used, quota.included, rate, days, today)
    words = growth.in_words(month, rate, days, full=used >= quota.included)
    return Limit(what, unit, used, quota.included, hard, month, words, verified)
