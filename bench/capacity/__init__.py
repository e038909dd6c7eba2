"""How much of the database one contract, one file and the like take up, and how many firms fit.

The figures come to lie in bench/out/capacity.toml; copied to cli/cost/, they are what `firmbase
cost` computes with. The goals hold what is kept there to what was measured.
"""

import tempfile
from pathlib import Path

from bench.capacity.scales import measure
from bench.report import Goal, Result
from cli.cost import capacity, plans
from cli.cost.bill import firm_database_bytes
from cli.local.config import ROOT, random_bases
from cli.local.stack import Stack

CONTRACTS = FILES = 1000
OUT = ROOT / "bench" / "out" / "capacity.toml"


def run() -> Result:
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder) / "stack")
        config = stack.up(bases=random_bases(), throwaway=True)
        try:
            superuser = config.database_url("supabase_admin")
            found = measure(config.database_url(), superuser, contracts=CONTRACTS, files=FILES)
        finally:
            stack.remove()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(found.toml())
    known = plans.kept()
    return Result(
        columns=["what", "bytes"],
        rows=[
            *([text, f"{found.bytes[thing]:,}"] for thing, text in capacity.THINGS.items()),
            *(
                [f"a firm of size {name}, database", f"{firm_database_bytes(size, found):,.0f}"]
                for name, size in known.sizes.items()
            ),
        ],
        goals=goals(found, capacity.kept()),
        notes=[f"To keep them: cp {OUT.relative_to(ROOT)} cli/cost/capacity.toml"],
    )


def goals(found: capacity.Capacity, kept: capacity.Capacity) -> list[Goal]:
    return [
        Goal(f"{thing}: measured ÷ kept", found.bytes[thing] / kept.bytes[thing], 1.3, 0.7)
        for thing in capacity.THINGS
    ]
