"""Static files under addresses that change with their content, so that browsers may keep them."""

import hashlib
from pathlib import Path

from kernel.errors import NotFound


class Assets:
    """A folder of files, served under `/static/<version>/`.

    The version stands in the path, not in a query: modules that import each other by relative
    addresses then share it. Another version (a page that was open before an update) still gets
    the file, but may not keep it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.version = _version(self.folder)

    def url(self, path: str) -> str:
        return f"/static/{self.version}/{path}"

    def find(self, path: str) -> Path:
        """The file at `path`; NotFound outside the folder, too."""
        file = (self.folder / path).resolve()
        if not file.is_relative_to(self.folder) or not file.is_file():
            raise NotFound("There is no such file.")
        return file


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix != ".map":
            digest.update(str(file.relative_to(folder)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
