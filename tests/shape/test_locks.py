import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    """Versions by package."""
    return dict(
        re.findall(r"^([\w.-]+)(?:\[.*?\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    )


def wanted(requirements: list[str]) -> set[str]:
    """The names of packages, as a lock writes them."""
    return {re.split(r"[\[<>=!~; ]", text, maxsplit=1)[0].lower() for text in requirements}


def test_what_the_project_needs_is_locked():
    groups = PROJECT["dependency-groups"]
    for_all = wanted(PROJECT["project"]["dependencies"]) | wanted(groups["setup"])
    assert for_all <= pins("requirements.lock").keys()
    assert for_all | wanted(groups["dev"]) <= pins("requirements-dev.lock").keys()


def test_tests_run_with_the_versions_that_people_get():
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_each_pin_has_its_hashes_and_no_lock_names_a_host():
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert len(re.findall(r"^\S+==\S+ \\\n    --hash=sha256:", text, re.MULTILINE)) == len(
            pins(lock)
        )
        assert "://" not in text
    assert "resolved" not in (ROOT / "package-lock.json").read_text()
