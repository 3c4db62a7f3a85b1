import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()


@pytest.mark.parametrize("document", OURS)
def test_a_link_leads_somewhere(document):
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_the_architecture_names_modules_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    packages = "kernel|identity|schedule|transcode|live|player|footprint|daris"
    for package, module in re.findall(rf"`({packages})\.(\w+)", text):
        assert (ROOT / package / f"{module}.py").is_file(), f"{package}.{module}"
