import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
WITHOUT_CODECS = ("kernel", "identity", "schedule", "player", "footprint")

LOADER = """
import sys
from importlib import import_module
from pkgutil import walk_packages

for name in sys.argv[1:]:
    package = import_module(name)
    for module in walk_packages(package.__path__, f"{name}."):
        import_module(module.name)
print(*sys.modules)
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_our_packages_are_ours(package):
    """The index has a package `schedule`: no dependency may slip it in before ours."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin == str(ROOT / package / "__init__.py")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_opens_with_what_it_is_for(package):
    text = (ROOT / package / "__init__.py").read_text()
    assert text.startswith('"""')
    assert text.rstrip().endswith('"""')


def test_no_module_has_a_name_that_the_standard_library_uses():
    ours = {path.stem for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert ours & sys.stdlib_module_names <= {"site"}  # which nobody imports


def test_what_serves_people_never_loads_the_codecs():
    command = [sys.executable, "-c", LOADER, *WITHOUT_CODECS]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"av", "aiortc"} & set(loaded.stdout.split())
