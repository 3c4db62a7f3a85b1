"""Compiles a C file of ours into a library where there is a C compiler. Called at set-up only."""

import os
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CLibrary:
    """`source` becomes a library in `build` beside it."""

    source: Path
    what: str
    """The words for it in a sentence."""
    otherwise: str
    """What serves where it is not there."""

    @property
    def path(self) -> Path:
        name = f"{self.source.stem.lstrip('_')}-{sysconfig.get_platform()}.so"
        return self.source.parent / "build" / name

    def build(self) -> str:
        """Compile if needed. One line that says what was done; a failure is no error."""
        compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            return f"no C compiler found: {self.otherwise} serves instead of {self.what}"
        if self.path.exists() and self.path.stat().st_mtime >= self.source.stat().st_mtime:
            return f"{self.what} is up to date"
        failure = self._compile(compiler)
        if failure:
            return f"{self.what} did not compile, {self.otherwise} serves: {failure}"
        return f"{self.what} was made"

    def _compile(self, compiler: str) -> str:
        self.path.parent.mkdir(exist_ok=True)
        unfinished = self.path.with_suffix(f".{os.getpid()}")
        command = [compiler, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(unfinished)]
        result = subprocess.run(
            [*command, str(self.source)], capture_output=True, text=True, check=False
        )
        if result.returncode:
            unfinished.unlink(missing_ok=True)
            return (result.stderr.strip().splitlines() or ["unknown reason"])[0]
        unfinished.replace(self.path)
        return ""
