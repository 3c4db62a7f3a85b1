import re
from pathlib import Path

import msgspec

from kernel.settings import PREFIX, Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(rf"\| `({PREFIX}\w+)` \| (?:`(.*?)`)? \| (.+) \|")


def test_each_setting_is_documented_with_its_default_and_nothing_else_is():
    documented = {name: default for name, default, _ in ROW.findall(DOCUMENT.read_text())}
    assert documented == {
        PREFIX + field.name.upper(): _written(field.default)
        for field in msgspec.structs.fields(Settings)
    }


def _written(value: object) -> str:
    """As it would stand in the environment."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)
