"""docs/frontend.md: its examples compile, its commands exist, its codes are those there are."""

import json
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.local import webapp

WEB = webapp.WEB
TEXT = (WEB.parent / "docs" / "frontend.md").read_text()


def test_the_examples_compile() -> None:
    examples = re.findall(r"```ts\n(.*?)```", TEXT, re.DOTALL)
    assert examples
    with TemporaryDirectory(dir=WEB, prefix="examples-") as folder:
        for n, example in enumerate(examples):
            (Path(folder) / f"{n}.ts").write_text(f"{example}\nexport {{}};\n")
        settings = {
            "extends": "../tsconfig.json",
            "compilerOptions": {"noUnusedLocals": False},
            "include": ["."],
        }
        (Path(folder) / "tsconfig.json").write_text(json.dumps(settings))
        compiled = subprocess.run(
            [webapp.NODE, WEB / "node_modules" / "typescript" / "bin" / "tsc", "-p", folder],
            capture_output=True,
            text=True,
            check=False,
        )
    assert compiled.returncode == 0, compiled.stdout


def test_the_commands_exist() -> None:
    scripts = json.loads((WEB / "package.json").read_text())["scripts"]
    named = set(re.findall(r"npm run ([\w:]+)", TEXT))
    assert named | {"test"} == set(scripts)


def test_every_code_of_our_own_is_there() -> None:
    sources = "".join(
        (WEB / "services" / name).read_text() for name in ("errors.ts", "transfer.ts")
    )
    made = set(re.findall(r'new ServiceError\(\s*"(\w+)"', sources))
    told = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert told == sorted(made)
