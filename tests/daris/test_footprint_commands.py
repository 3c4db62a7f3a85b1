"""`daris footprint` answers in one sentence, and ends with 1 when something is wrong."""

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from daris.cli import main
from footprint.dead_letters import Dead, add
from footprint.log import append
from kernel.database import Database
from kernel.ids import new_id
from live.events import RoomOpened

NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)


@pytest.fixture
def daris(tmp_path, migrated_sqlite, monkeypatch):
    """Run a command on a database of this test; its exit code and what it said."""
    (tmp_path / "daris.db").write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setenv("DARIS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DARIS_LOG_LEVEL", "error")

    def daris(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["footprint", *words])
        return result.exit_code, result.output

    return daris


@pytest.fixture
def person(daris, tmp_path) -> str:
    arguments = ["person", "add", "--login", "zhan", "--name", "Zhan", "--role", "student"]
    made = CliRunner().invoke(main, [*arguments, "--password", "a long word", "--json"])
    assert made.exit_code == 0, made.output
    with sqlite3.connect(tmp_path / "daris.db") as database:
        [(identifier,)] = database.execute("SELECT id FROM people")
    database.close()
    return identifier


def test_a_signed_log_is_verified_with_its_key_and_no_other(daris):
    code, said = daris("checkpoint")
    key = said.rstrip().rstrip(".").split()[-1]
    assert code == 0
    code, said = daris("verify", "--key", key)
    assert (code, said) == (0, "The log is sound: 0 facts, 1 checkpoints.\n")
    code, said = daris("verify", "--key", "A" * 43 + "=")
    assert code == 1
    assert "was not signed with this key" in said


@pytest.fixture
def five(daris, tmp_path) -> None:
    """Five facts in the log, signed."""

    async def fill() -> None:
        database = Database.open(f"sqlite:///{tmp_path}/daris.db")
        facts = [RoomOpened(id=new_id(), at=NOON, run=new_id(), state="open") for _ in range(5)]
        async with database.begin() as connection:
            await append(connection, facts, now=NOON)
        await database.aclose()

    asyncio.run(fill())
    assert daris("checkpoint")[0] == 0


DAMAGES = {
    "flip": ("UPDATE event SET payload = replace(payload, 'open', 'shut') WHERE seq = 3", 3),
    "delete": ("DELETE FROM event WHERE seq = 2", 2),
    "reorder": (
        "UPDATE event SET seq = -seq WHERE seq IN (2, 4); UPDATE event SET seq = 6 + seq WHERE seq < 0",
        2,
    ),
    "truncate": ("DELETE FROM event WHERE seq > 4", 5),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_whatever_was_done_to_the_log_its_first_bad_place_is_named(daris, five, tmp_path, name):
    damage, first = DAMAGES[name]
    with contextlib.closing(sqlite3.connect(tmp_path / "daris.db")) as database:
        database.executescript(damage)
        database.commit()
    code, said = daris("verify")
    assert code == 1
    assert said.startswith(f"The log is not sound from number {first} on: ")


def test_a_person_is_erased_after_a_dry_run(daris, person):
    assert daris("erase", person, "--dry-run") == (
        0,
        "There are 0 facts of this person; 0 of others name them.\n",
    )
    assert daris("erase", person) == (0, "Erased: 0 facts; 0 of others name nobody now.\n")
    assert daris("erase", person) == (1, "daris: Nothing is known of such a person.\n")


def test_nobody_is_nothing_to_erase(daris):
    assert daris("erase", str(new_id()))[0] == 1


def test_what_is_due_is_told_before_it_is_taken(daris, monkeypatch):
    monkeypatch.setenv("DARIS_FOOTPRINT_DAYS", "chat-said=365")
    assert daris("expire", "--dry-run") == (0, "Due: nothing.\n")
    monkeypatch.setenv("DARIS_FOOTPRINT_DAYS", "chat=365")
    assert daris("expire")[0] == 1


def test_what_another_store_refused_is_listed_with_its_words(daris, tmp_path, monkeypatch):
    assert daris("refused") == (0, "Nothing is refused.\n")
    one = Dead(7, new_id(), 400, "I do not like it")
    breaks = Dead(9, new_id(), 500, "Oh", datetime(2026, 9, 7, tzinfo=UTC))
    add(tmp_path / "outbox", [one, breaks])
    told = (
        f"Number 7, {one.id}: 400, I do not like it\nNumber 9, {breaks.id}: 500, Oh (still sent)\n"
    )
    assert daris("refused") == (0, told)
    assert daris("refused", "--retry")[0] == 1
    monkeypatch.setenv("DARIS_XAPI_URL", "http://127.0.0.1:9/xapi")
    assert daris("refused", "--retry") == (0, "Nothing is refused.\n")  # its fact is gone
