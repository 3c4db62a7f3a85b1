"""`python -m live.build_fanout`: compile the fan-out loop where there is a C compiler."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_FOLDER = Path(__file__).parent
SOURCE = _FOLDER / "_fanout.c"
LIBRARY = _FOLDER / "build" / f"fanout-{sysconfig.get_platform()}.so"


def main() -> int:
    """Compile if needed, and say in one line what was done."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return _say("no C compiler found: packets will be forwarded by the slower Python loop")
    if LIBRARY.exists() and LIBRARY.stat().st_mtime >= SOURCE.stat().st_mtime:
        return _say("the compiled forwarder is up to date")
    failure = _compile(compiler)
    if failure:
        return _say(f"the forwarder did not compile, the slower Python loop serves: {failure}")
    return _say("compiled the forwarder")


def _compile(compiler: str) -> str:
    LIBRARY.parent.mkdir(exist_ok=True)
    unfinished = LIBRARY.with_suffix(f".{os.getpid()}")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(unfinished)]
    result = subprocess.run([*command, str(SOURCE)], capture_output=True, text=True, check=False)
    if result.returncode:
        unfinished.unlink(missing_ok=True)
        return (result.stderr.strip().splitlines() or ["unknown reason"])[0]
    unfinished.replace(LIBRARY)
    return ""


def _say(line: str) -> int:
    sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
