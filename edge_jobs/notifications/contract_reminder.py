"""contract.remind: a contract ends, or renews itself, soon. If it still does and who hears of it,
SQL decides."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from edge_jobs.registry import Job, handler


class ContractRemind(BaseModel):
    contract_id: UUID
    event: Literal["ends", "cancel_by"]
    target_date: date
    days: int


@handler("contract.remind", payload=ContractRemind)
def remind(job: Job, payload: ContractRemind) -> dict[str, Any]:
    """Notification rows and e-mails in one transaction; a repeat tells nobody twice."""
    return {"told": job.api.rpc("remind_contract", **payload.model_dump(mode="json"))}
