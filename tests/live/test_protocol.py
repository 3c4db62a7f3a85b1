"""docs/protocol.md and live/messages.py tell the same."""

import re
from pathlib import Path

import pytest

from live.client_messages import ClientMessage, decode
from live.messages import ByeReason, ServerMessage, named

PAGE = Path(__file__).parents[2].joinpath("docs", "protocol.md").read_text()


def rows(heading: str) -> dict[str, str]:
    """The messages of a section's table with the fields that it names."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` `\{(.*?)\}`", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "union"),
    [("Client to server", ClientMessage), ("Server to client", ServerMessage)],
)
def test_every_message_stands_in_the_document_with_its_fields(heading, union):
    told = {
        name: {field.strip().rstrip("?") for field in fields.split(",") if field.strip()}
        for name, fields in rows(heading).items()
    }
    assert told == {name: set(kind.__struct_fields__) for name, kind in named(union).items()}


def test_every_reason_of_a_goodbye_stands_in_the_document():
    section = PAGE.partition("### Why a socket ends")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(ByeReason)


def test_the_examples_are_messages():
    (examples,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    for line in examples.splitlines():
        decode(line)
