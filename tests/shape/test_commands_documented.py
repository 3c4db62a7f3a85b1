import re
from collections.abc import Iterator
from pathlib import Path

import click

from daris.cli import main

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def test_each_command_is_documented_and_nothing_else_is():
    documented = set(re.findall(r"^\| `(daris .+?)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert documented == set(_commands("daris", main))


def _commands(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for inner, leaf in command.commands.items():
            yield from _commands(f"{name} {inner}", leaf)
    else:
        yield name
