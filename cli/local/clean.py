"""`python -m cli.local.clean`: stops every local stack of this checkout and deletes its data."""

from cli.local.config import STACKS
from cli.local.stack import Stack


def main() -> None:
    for directory in sorted(STACKS.glob("*")) if STACKS.exists() else []:
        Stack(directory).remove()


if __name__ == "__main__":
    main()
