import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import SettingsError, TooLarge, Unavailable
from kernel.journal import _frame, open_journal, records_in


async def drain(folder: Path) -> list[bytes]:
    async with open_journal(folder) as journal:
        return await drain_open(journal)


async def drain_open(journal) -> list[bytes]:
    found = []
    while journal.backlog_bytes():
        batch = await journal.read()
        found.extend(batch.records)
        await journal.acknowledge(batch)
    return found


async def test_what_was_appended_is_drained_in_order(tmp_path):
    async with open_journal(tmp_path) as journal:
        await journal.append(b"one", b"two")
        await journal.append(b"three")
    assert await drain(tmp_path) == [b"one", b"two", b"three"]
    assert await drain(tmp_path) == []


async def test_a_batch_that_was_not_acknowledged_comes_again(tmp_path):
    async with open_journal(tmp_path) as journal:
        await journal.append(b"one", b"two")
        await journal.read()
    assert await drain(tmp_path) == [b"one", b"two"]


async def test_segments_roll_over_and_drained_ones_go(tmp_path):
    async with open_journal(tmp_path, segment_bytes=64) as journal:
        for number in range(40):
            await journal.append(f"record {number}".encode())
        assert len(list(tmp_path.glob("*.log"))) > 3
        assert await drain_open(journal) == [f"record {n}".encode() for n in range(40)]
        assert len(list(tmp_path.glob("*.log"))) == 1


async def test_waiting_records_share_one_commit(tmp_path, monkeypatch):
    syncs = 0
    real = os.fdatasync

    def counted(descriptor: int) -> None:
        nonlocal syncs
        syncs += 1
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)
    async with open_journal(tmp_path) as journal:
        await asyncio.gather(*(journal.append(b"x") for _ in range(500)))
    assert syncs < 100


async def test_a_full_disk_is_said_and_leaves_the_rest_whole(tmp_path, monkeypatch):
    async with open_journal(tmp_path) as journal:
        await journal.append(b"before")

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", full)
            with pytest.raises(Unavailable, match="No space left"):
                await journal.append(b"lost")
        await journal.append(b"after")
    assert await drain(tmp_path) == [b"before", b"after"]


async def test_two_processes_cannot_share_a_journal(tmp_path):
    async with open_journal(tmp_path):
        with pytest.raises(SettingsError, match="Another Daris process"):
            async with open_journal(tmp_path):
                pass


async def test_a_record_over_the_limit_is_refused(tmp_path):
    async with open_journal(tmp_path) as journal:
        with pytest.raises(TooLarge):
            await journal.append(b"x" * ((1 << 20) + 1))


async def test_a_tail_torn_at_any_byte_costs_only_the_torn_record(tmp_path):
    whole = b"".join(_frame(record) for record in (b"first", b"second", b"third"))
    kept_at = {0: 0, 13: 1, 27: 2, len(whole): 3}
    for cut in range(len(whole) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "00000001.log").write_bytes(whole[:cut])
        kept = max(count for at, count in kept_at.items() if at <= cut)
        async with open_journal(folder) as journal:
            await journal.append(b"new")
            assert await drain_open(journal) == [b"first", b"second", b"third"][:kept] + [b"new"]


@pytest.mark.parametrize("is_newest", [True, False])
async def test_damage_in_the_middle_costs_only_what_is_damaged(tmp_path, is_newest):
    async with open_journal(tmp_path) as journal:
        for number in range(5):
            await journal.append(f"record {number}".encode())
        path = tmp_path / "00000001.log"
        data = bytearray(path.read_bytes())
        data[data.index(b"record 2")] ^= 0xFF
        path.write_bytes(data)
        if is_newest:
            assert await drain_open(journal) == [b"record 0", b"record 1", b"record 3", b"record 4"]
            return
    (tmp_path / "00000002.log").write_bytes(_frame(b"newer"))
    kept = [b"record 0", b"record 1", b"record 3", b"record 4", b"newer"]
    assert await drain(tmp_path) == kept


async def test_what_stands_behind_damage_is_not_taken_for_a_torn_tail(tmp_path):
    whole = bytearray(b"".join(_frame(record) for record in (b"first", b"second", b"third")))
    whole[whole.index(b"second")] ^= 0xFF
    (tmp_path / "00000001.log").write_bytes(whole + _frame(b"torn")[:-1])
    async with open_journal(tmp_path) as journal:
        await journal.append(b"new")
        assert await drain_open(journal) == [b"first", b"third", b"new"]


@given(st.binary(max_size=200))
def test_garbage_never_breaks_the_reader(data):
    for record, behind in records_in(data):
        assert 0 < len(record) <= behind <= len(data)


WRITER = """
    import asyncio, sys
    from pathlib import Path
    from kernel.journal import open_journal

    async def main():
        async with open_journal(Path(sys.argv[1])) as journal:
            async def producer(name):
                number = 0
                while True:
                    await journal.append(f"{name}:{number}".encode())
                    print(f"{name}:{number}", flush=True)
                    number += 1
            async with asyncio.TaskGroup() as tasks:
                for name in range(20):
                    tasks.create_task(producer(name))

    asyncio.run(main())
"""


@pytest.mark.parametrize("round_number", range(4))
async def test_no_acknowledged_record_is_lost_by_kill_9(tmp_path, round_number):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(random.randint(50, 2000))]
    process.send_signal(signal.SIGKILL)
    seen += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    acknowledged = {line.strip() for line in seen if line.endswith(b"\n")}
    kept = await drain(tmp_path)
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
