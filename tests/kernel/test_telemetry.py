import json
import subprocess
import sys
import textwrap

SCRIPT = """
    import logging, sys, structlog
    from kernel.telemetry import configure

    log = structlog.get_logger()
    configure(style=sys.argv[1], level=sys.argv[2])
    log.debug("room.detail")
    log.info("room.opened", lecture="algebra")
    logging.getLogger("aiohttp.access").info("GET /chat from 192.0.2.7")
    logging.getLogger("aiohttp.server").warning("a library speaks")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("room.failed")
"""


def logged(*, style: str, level: str) -> list[str]:
    """What a process that logs in this way writes; in a child, since logging belongs to all."""
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), style, level]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == ""
    return process.stderr.splitlines()


def test_each_event_is_one_line_of_json_with_its_facts():
    opened, spoken, failed = map(json.loads, logged(style="json", level="info"))
    assert opened["event"] == "room.opened"
    assert opened["lecture"] == "algebra"
    assert opened["level"] == "info"
    assert opened["timestamp"].endswith("Z")
    assert (spoken["event"], spoken["level"]) == ("a library speaks", "warning")
    assert failed["event"] == "room.failed"
    assert "ZeroDivisionError" in failed["exception"]


def test_text_is_for_people():
    lines = logged(style="text", level="info")
    assert "room.opened" in lines[0]
    assert "lecture=algebra" in lines[0]
    assert any("ZeroDivisionError" in line for line in lines)


def test_addresses_of_people_are_never_logged():
    assert "192.0.2.7" not in "".join(logged(style="text", level="debug"))


def test_the_level_is_heeded():
    assert [json.loads(line)["event"] for line in logged(style="json", level="error")] == [
        "room.failed"
    ]
    assert len(logged(style="json", level="debug")) == 4
