"""`python -m bench NAME`: prints a table, then one JSON line; exits 1 when a goal is missed."""

import importlib
import pkgutil
import sys

import bench
from bench.report import Result


def names() -> list[str]:
    """Every module of this package that can be run."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(bench.__path__)
        if module.name not in ("__main__", "report")
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in names():
        print(f"usage: python -m bench NAME, where NAME is one of: {', '.join(names())}")
        return 2
    result: Result = importlib.import_module(f"bench.{arguments[0]}").run()
    print(result.table())
    print(result.json_line(arguments[0]))
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
