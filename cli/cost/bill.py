"""What a month costs: of what is there, or of a size that is assumed."""

from dataclasses import dataclass, field

from cli.cost import words
from cli.cost.capacity import Capacity
from cli.cost.plans import GB, Meter, Plan, PlanName, Plans, Quota, Size

MB = 10**6
# How long things stay, in months: docs/retention.md. Edits are those of the first year.
KEPT_NOTIFICATIONS, KEPT_MAILS, KEPT_EDITS = 6, 3, 12


@dataclass(frozen=True)
class Used:
    """What is used of each meter, as far as it is known; and mails, which a plan does not count."""

    meters: dict[Meter, float]
    mails: float


@dataclass(frozen=True)
class Line:
    what: str
    monthly: float
    verified: bool


@dataclass(frozen=True)
class Bill:
    plan: PlanName
    lines: list[Line]
    # Limits without a price that what is used goes beyond.
    beyond: list[Meter] = field(default_factory=list)

    @property
    def total(self) -> float:
        return round(sum(line.monthly for line in self.lines), 2)

    @property
    def fits(self) -> bool:
        return not self.beyond


def firm_database_bytes(size: Size, capacity: Capacity) -> float:
    each = capacity.bytes
    return (
        size.members * each["member"]
        + size.companies * each["company"]
        + size.consultants * each["consultant"]
        + size.contracts * each["contract"]
        + size.files * each["file"]
        + size.notifications * KEPT_NOTIFICATIONS * each["notification"]
        + size.mails * KEPT_MAILS * each["email"]
        + size.edits * KEPT_EDITS * each["audit_row"]
    )


def firm_file_bytes(size: Size, capacity: Capacity) -> float:
    return size.files * (size.mb_per_file * MB + capacity.bytes["pictures"])


def base_gb(plans: Plans, capacity: Capacity) -> float:
    return plans.new_project.database_gb + capacity.bytes["schema"] / GB


def used_by(size: Size, plans: Plans, capacity: Capacity) -> Used:
    members = size.firms * size.members
    return Used(
        {
            "database_gb": base_gb(plans, capacity)
            + size.firms * firm_database_bytes(size, capacity) / GB,
            "files_gb": size.firms * firm_file_bytes(size, capacity) / GB,
            "active_users": members,
            "egress_gb": members * size.egress_mb_per_member / 1000,
        },
        mails=size.firms * size.mails,
    )


def firms_that_fit(size: Size, plan: Plan, plans: Plans, capacity: Capacity) -> dict[Meter, int]:
    """How many firms of this size are within what the plan includes, by what limits them."""
    room: dict[Meter, float] = {
        "database_gb": (plan.quotas["database_gb"].included - base_gb(plans, capacity))
        * GB
        / firm_database_bytes(size, capacity),
        "files_gb": plan.quotas["files_gb"].included * GB / firm_file_bytes(size, capacity),
        "active_users": plan.quotas["active_users"].included / size.members,
    }
    return {meter: max(0, int(firms)) for meter, firms in room.items()}


def bill_for(plans: Plans, name: PlanName, used: Used, *, compute: str, runner: str) -> Bill:
    plan = plans.plans[name]
    lines = [Line(plan.name, plan.monthly, plans.verified(plan))]
    if plan.monthly:
        machine = plans.compute[compute]
        lines.append(
            Line(
                f"compute {compute}, {machine.memory_gb:g} GB, less the credit",
                max(0.0, machine.monthly - plan.compute_credit),
                plans.verified(machine),
            )
        )
    for meter, amount in used.meters.items():
        quota = plan.quotas[meter]
        lines.append(
            Line(told(plans, meter, amount, quota), quota.overage(amount), plans.verified(quota))
        )
    host = plans.runners[runner]
    lines.append(Line(f"runner: {host.name}", host.monthly, plans.verified(host)))
    lines.append(cheapest_mail(plans, used.mails))
    lines.append(Line("Redis: none, the queue is in the database", 0, True))
    beyond = [
        meter for meter, amount in used.meters.items() if not plan.quotas[meter].holds(amount)
    ]
    return Bill(name, lines, beyond)


def told(plans: Plans, meter: Meter, amount: float, quota: Quota) -> str:
    named = plans.meters[meter]
    limit = words.included(quota.included, named.unit)
    return f"{named.label}: {words.amount(amount, named.unit)} of {limit}"


def cheapest_mail(plans: Plans, mails: float) -> Line:
    fitting = {
        mail.name: (mail.monthly + mail.mails.overage(mails), mail)
        for mail in plans.mail.values()
        if mail.mails.holds(mails)
    }
    cost, mail = min(fitting.values(), key=lambda found: found[0])
    what = f"mail: {mail.name}, {mails:,.0f} of {words.included(mail.mails.included, 'a month')}"
    return Line(what, cost, plans.verified(mail))


def cheapest(plans: Plans, used: Used, *, compute: str, runner: str) -> Bill:
    """The bill of the cheapest plan whose limits hold."""
    bills = [bill_for(plans, name, used, compute=compute, runner=runner) for name in plans.plans]
    return min((one for one in bills if one.fits), key=lambda one: one.total)
