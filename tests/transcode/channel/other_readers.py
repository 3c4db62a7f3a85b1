"""What programs that we did not write find in a transport stream: tsreport and tsinfo of tstools, tshark, multicat."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path


def clock_is_linear(capture: Path) -> None:
    """No step of the PCR is off the line of constant bitrate; every picture arrives in time, none too early."""
    told = run("tsreport", "-b", capture)
    assert "Bad (>.1s) gaps: 0" in told
    assert "Linear PCR prediction errors: min=0t, max=0t" in told
    reserves = [
        int(ticks) for ticks in re.findall(r"(?:Min|Max)imum difference was (-?\d+)t", told)
    ]
    assert len(reserves) == 4
    assert 0 < min(reserves) < max(reserves) < 90_000  # TR 101 290, 3.10: at most a second
    assert "DTS-last DTS: min=3600t, max=3600t" in told
    assert set(re.findall(r"Discontinuity flags: \*(\d+)", told)) <= {"1"}  # the first packet's


def counters_are_whole(capture: Path, pids: list[int]) -> None:
    """As tsreport writes them down; a packet without payload repeats the one before."""
    for pid in pids:
        run("tsreport", "-b", "-cnt", str(pid), capture)
        rows = (capture.parent / "continuity_counter.txt").read_text().splitlines()
        counted = [int(number) for row in rows for number in re.findall(r"\d+", row)]
        assert len(counted) > 20
        assert {(after - before) % 16 for before, after in pairwise(counted)} <= {0, 1}


def streams_are_told(capture: Path) -> None:
    told = run("tsinfo", capture)
    assert "H.264" in told
    assert "ADTS" in told


def guide(capture: Path) -> set[tuple[int, datetime]]:
    """Section and start of each event of EIT present/following and schedule, by tshark's dissectors."""
    fields = ("dvb_eit.sect_num", "dvb_eit.evt.start_time")
    return {
        (int(section), _moment(start))
        for section, start in _dissected(capture, "dvb_eit.evt.start_time", *fields)
    }


def clocks(capture: Path) -> list[datetime]:
    """What TDT and TOT tell."""
    told = _dissected(capture, "dvb_tdt or dvb_tot", "dvb_tdt.utc_time", "dvb_tot.utc_time")
    return [_moment(tdt or tot) for tdt, tot in told]


def nothing_is_malformed(capture: Path) -> None:
    wrong = "_ws.malformed or mp2t.cc.drop"
    assert _dissected(capture, wrong, "frame.number") == []


@contextmanager
def multicat(port: int, capture: Path) -> Iterator[None]:
    """A receiver that writes what comes by UDP into `capture`."""
    command = ["multicat", "-u", f"@127.0.0.1:{port}", capture]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def run(*command: str | Path) -> str:
    folder = Path(command[-1]).parent
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=folder)
    return done.stdout + done.stderr


def _dissected(capture: Path, which: str, *fields: str) -> list[list[str]]:
    wanted = [part for field in fields for part in ("-e", field)]
    command = ["tshark", "-r", capture, "-Y", which, "-T", "fields", *wanted]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def _moment(told: str) -> datetime:
    """tshark writes nanoseconds."""
    return datetime.strptime(told.partition(".")[0], "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC)


def brightness(path, region: str) -> list[float]:
    """Of a part of each picture, whatever bar moves across it."""
    filters = f"{region},signalstats,metadata=print:key=lavfi.signalstats.YLOW:file=-"
    command = ["ffmpeg", "-v", "error", "-i", path, "-vf", filters, "-an", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(line.rpartition("=")[2]) for line in done.stdout.splitlines() if "YLOW" in line]
