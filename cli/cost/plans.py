"""Plans, prices and sizes, as plans.toml has them."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from cli.cost.data import FOLDER, Strict, load

PATH = FOLDER / "plans.toml"
GB = 10**9

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Meter = Literal[
    "database_gb",
    "files_gb",
    "active_users",
    "egress_gb",
    "realtime_connections",
    "realtime_messages",
    "function_calls",
]
PlanName = Literal["free", "pro", "team"]
SizeName = Literal["starter", "growth", "enterprise"]


class Source(Strict):
    url: Annotated[str, Field(pattern=r"^https://\S+$")]
    looked_up: date
    verified: bool = True


class Priced(Strict):
    source: str


class Quota(Priced):
    """What is included, and the price of each `per` more; without a price it is a limit."""

    included: Amount
    price: Amount | None = None
    per: Positive = 1

    def overage(self, used: float) -> float:
        return max(0.0, used - self.included) / self.per * (self.price or 0)

    def holds(self, used: float) -> bool:
        return self.price is not None or used <= self.included


class NamedMeter(Strict):
    label: str
    unit: str


class Plan(Priced):
    name: str
    monthly: Amount
    compute_credit: Amount
    note: str
    quotas: dict[Meter, Quota]

    @model_validator(mode="after")
    def complete(self) -> "Plan":
        if missing := set(get_args(Meter)) - self.quotas.keys():
            raise ValueError(f"quotas lack {', '.join(sorted(missing))}")
        return self


class Compute(Priced):
    monthly: Amount
    memory_gb: Amount


class Runner(Strict):
    """Without a source: nobody sells it."""

    source: str | None = None
    name: str
    monthly: Amount
    how: str


class Mail(Priced):
    name: str
    monthly: Amount
    mails: Quota


class NewProject(Priced):
    database_gb: Amount


class Size(Strict):
    """So many firms, and what each of them has after a year."""

    firms: Annotated[int, Field(gt=0)]
    members: Positive
    companies: Amount
    consultants: Amount
    contracts: Amount
    files: Positive
    mb_per_file: Amount
    notifications: Amount
    mails: Amount
    edits: Amount
    egress_mb_per_member: Amount
    compute: str
    runner: str


class Plans(Strict):
    sources: dict[str, Source]
    new_project: NewProject
    meters: dict[Meter, NamedMeter]
    plans: dict[PlanName, Plan]
    compute: dict[str, Compute]
    runners: dict[str, Runner]
    mail: dict[str, Mail]
    sizes: dict[SizeName, Size]

    @model_validator(mode="after")
    def refers_to_what_is_there(self) -> "Plans":
        for priced in self.priced():
            if priced.source is not None and priced.source not in self.sources:
                raise ValueError(f'there is no source "{priced.source}"')
        for name, size in self.sizes.items():
            if size.compute not in self.compute:
                raise ValueError(f'sizes.{name}.compute: there is no "{size.compute}"')
            if size.runner not in self.runners:
                raise ValueError(f'sizes.{name}.runner: there is no "{size.runner}"')
        return self

    def priced(self) -> list[Priced | Runner]:
        """Everything that has a source."""
        return [
            self.new_project,
            *self.plans.values(),
            *(quota for plan in self.plans.values() for quota in plan.quotas.values()),
            *self.compute.values(),
            *self.runners.values(),
            *self.mail.values(),
            *(mail.mails for mail in self.mail.values()),
        ]

    def verified(self, priced: Priced | Runner) -> bool:
        return priced.source is None or self.sources[priced.source].verified


@cache
def kept(path: Path = PATH) -> Plans:
    return load(Plans, path)
