"""docs/television.md explains every finding that a push can have."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(
    r'(?:_Wrong|_note|refuse|told|Finding)\(\s*(?:Severity\.[A-Z]+, )?"([a-z_]+)"'
    r'|(?:problem = |yield )"([a-z]+_?[a-z]*)", [f"]'
    r'|Severity\.[A-Z]+, f?"([a-z_]+?)(?:_\{kind\})?"'
)


def codes() -> set[str]:
    modules = ("rundown", "drafts", "table", "xmltv")
    texts = (ROOT / "schedule" / f"{module}.py" for module in modules)
    found = (match.groups() for path in texts for match in CODE.finditer(path.read_text()))
    return {code for groups in found for code in groups if code}


def test_every_finding_is_documented():
    document = (ROOT / "docs" / "television.md").read_text()
    assert {"overlap", "bad_time", "missing_column", "duplicate_key", "past"} <= codes()
    assert [code for code in codes() if f"`{code}" not in document] == []
