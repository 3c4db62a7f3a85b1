"""A channel's process, watched from outside: its HLS folder, its transport stream, its as-run log."""

import resource
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import m3u8
import pytest

from tests.transcode.channel import other_readers
from tests.transcode.channel.conftest import Played
from transcode.channel_window import WINDOW
from transcode.claim import claimed
from transcode.house import PICTURE
from transcode.si import crc32


def probe(path, *arguments: str) -> str:
    """What ffprobe prints. It must not complain, but that it has no use for a guide."""
    command = ["ffprobe", "-v", "warning", *arguments, "-of", "csv=p=0", path]
    probed = subprocess.run(command, capture_output=True, check=True, text=True)
    assert without_guide(probed.stderr) == []
    return probed.stdout


def without_guide(complaints: str) -> list[str]:
    return [line for line in complaints.splitlines() if "stream 2" not in line]


def decodes(source) -> None:
    command = ["ffmpeg", "-v", "warning", "-xerror", "-i", source, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert without_guide(done.stderr) == []


def steps(path, stream: str) -> set[int]:
    """The distances between the decode times of a stream's packets."""
    out = probe(path, "-select_streams", stream, "-show_entries", "packet=dts")
    times = [int(line.rstrip(",")) for line in out.split()]
    assert len(times) > 20
    return {after - before for before, after in pairwise(times)}


def packets(datagrams) -> list[bytes]:
    data = b"".join(datagram for _, datagram in datagrams)
    return [data[at : at + 188] for at in range(0, len(data), 188)]


def pid(packet: bytes) -> int:
    return int.from_bytes(packet[1:3]) & 0x1FFF


def continuity_errors(run: list[bytes]) -> int:
    last: dict[int, int] = {}
    errors = 0
    for packet in run:
        if packet[3] & 0x10 and pid(packet) != 0x1FFF:
            counter = packet[3] & 0x0F
            errors += last.get(pid(packet), counter - 1 & 0x0F) != counter - 1 & 0x0F
            last[pid(packet)] = counter
    return errors


def pcrs(datagrams) -> list[tuple[float, float]]:
    """Arrival and value of each program clock reference, in seconds."""
    found = []
    for arrival, datagram in datagrams:
        for packet in packets([(arrival, datagram)]):
            if packet[3] & 0x20 and packet[4] and packet[5] & 0x10:
                field = int.from_bytes(packet[6:12])
                found.append((arrival, ((field >> 15) * 300 + (field & 0x1FF)) / 27e6))
    return found


def test_the_streams_are_whole_across_joins_anywhere_and_a_broken_item(
    play, plan_item, house_clip, receiver, tmp_path
):
    light, dark = house_clip("light", slots=4, shade=200), house_clip("dark", slots=4, shade=30)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(light.read_bytes()[:5000])
    played = play(
        [
            plan_item("a", light, starts_in=2.5, takes=2.8),
            plan_item("b", broken, starts_in=5.3, takes=2.0),
            plan_item("c", dark, starts_in=7.3, takes=2.8),
        ],
        receiver.url,
        name="Әл-Фараби ТВ",
    )
    datagrams = receiver.read(11.0)
    capture = tmp_path / "capture.ts"
    capture.write_bytes(b"".join(data for _, data in datagrams))

    assert {len(data) for _, data in datagrams} == {1316}
    assert all(packet[0] == 0x47 for packet in packets(datagrams))
    assert continuity_errors(packets(datagrams)) == 0
    assert steps(capture, "v") == {3600}
    assert steps(capture, "a") == {1920}
    decodes(capture)
    assert {0, 17} < {pid(packet) for packet in packets(datagrams)}  # PAT, SDT
    service = probe(capture, "-show_entries", "program_tags=service_name,service_provider")
    assert "Әл-Фараби ТВ" in service
    streams = probe(capture, "-show_entries", "stream=codec_name,width,sample_rate")
    assert "h264,640" in streams
    assert "aac,48000" in streams
    other_readers.clock_is_linear(capture)
    other_readers.counters_are_whole(capture, [0x100, 0x101])
    other_readers.streams_are_told(capture)
    other_readers.nothing_is_malformed(capture)
    (played.out / "ended.m3u8").write_text(played.playlist() + "#EXT-X-ENDLIST\n")
    assert steps(played.out / "ended.m3u8", "v") == {3600}
    assert steps(played.out / "ended.m3u8", "a") == {1024}
    decodes(played.out / "ended.m3u8")
    listed = m3u8.loads(played.playlist())
    assert any(segment.duration != 3.84 for segment in listed.segments)
    assert all(round(segment.duration) <= listed.target_duration for segment in listed.segments)
    late = [
        datetime.fromisoformat(line["at"]) - datetime.fromisoformat(line["planned_at"])
        for line in played.as_run()
        if "planned_at" in line and "resumed" not in line  # a busy machine may begin late
    ]
    assert len(late) > 1
    assert all(timedelta(0) <= one < PICTURE for one in late)
    keys = [(line.get("key"), line["slate"], "reason" in line) for line in played.as_run()]
    assert keys[[key for key, *_ in keys].index("a") :][:4] == [
        ("a", False, False),
        ("b", True, True),
        ("c", False, False),
        (None, True, False),
    ]


def sections(run: list[bytes], wanted: int) -> list[bytes]:
    """Sections that fit into one packet, as those of the tests do."""
    payloads = [
        packet[5 + packet[4] :] if packet[3] & 0x20 else packet[4:]
        for packet in run
        if pid(packet) == wanted
    ]
    starts = [payload[1 + payload[0] :] for payload in payloads]
    return [data[: 3 + (int.from_bytes(data[1:3]) & 0xFFF)] for data in starts]


def test_the_stream_carries_its_guide_and_the_time(
    play, plan_item, house_clip, receiver, tmp_path, unused_udp_port
):
    texts = {"titles": {"kk": "Дәріс", "en": "Lecture"}, "descriptions": {"en": "About"}}
    items = [
        plan_item("a", house_clip(), starts_in=-1.0, takes=60.0, **texts),
        plan_item("b", house_clip(), starts_in=59.0, takes=60.0, titles={"en": "Next"}),
    ]
    capture = tmp_path / "capture.ts"
    with other_readers.multicat(unused_udp_port, capture):
        play(items, receiver.url, f"udp://127.0.0.1:{unused_udp_port}")
        run = packets(receiver.read(6.0))
    present, following = (
        {one for one in sections(run, 0x12) if (one[0], one[6]) == (0x4E, number)}
        for number in (0, 1)
    )
    assert len(present) == len(following) == 1
    assert "Дәріс".encode() in next(iter(present))
    assert b"engLecture"[3:] in next(iter(present))
    assert b"Next" in next(iter(following))
    assert all(crc32(section) == 0 for section in (*present, *following))
    assert all(section[13] & 1 and crc32(section) == 0 for section in sections(run, 0x11))
    assert {one[0] for one in sections(run, 0x12)} >= {0x4E, 0x50}
    assert {one[0] for one in sections(run, 0x14)} == {0x70, 0x73}
    assert {one[0] for one in sections(run, 0x10)} == {0x40}
    assert continuity_errors(run) == 0
    starts = [datetime.fromisoformat(item["starts_at"]).replace(microsecond=0) for item in items]
    assert other_readers.guide(capture) >= {(0, starts[0]), (1, starts[1])}
    assert abs(other_readers.clocks(capture)[-1] - datetime.now(UTC)) < timedelta(seconds=15)
    other_readers.nothing_is_malformed(capture)


def test_the_clock_of_the_stream_arrives_evenly(play, receiver):
    play([], receiver.url)
    clocks = pcrs(receiver.read(4.0))
    gaps = [after[1] - before[1] for before, after in pairwise(clocks)]
    assert max(gaps) < 0.04
    lags = [arrived - clock for arrived, clock in clocks]
    half = len(lags) // 2  # the promptest of each half: others tell of the machine's load
    assert min(lags[half:]) == pytest.approx(min(lags[:half]), abs=0.02)


def test_neither_absent_receivers_nor_a_full_disk_keep_a_killed_channel_off_the_air(play, receiver):
    played = play([], "udp://127.0.0.1:9", "udp://no-such-host.invalid:5000", receiver.url)
    played.until((played.out / "index.m3u8").exists)
    played.process.kill()
    played.process.wait()
    receiver.forget()
    played.command[:0] = ["prlimit", "--fsize=0:"]  # no file grows, so none can be written anew
    played.start()
    run = receiver.read(5.0)  # in which a segment ends, whenever they begin
    anything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(played.process.pid, resource.RLIMIT_FSIZE, anything)
    played.until(lambda: "#EXT-X-GAP" in played.playlist())
    run += receiver.read(0.1)
    assert continuity_errors(packets(run)) == 0
    numbers = [int(one.uri.split(".")[0]) for one in m3u8.loads(played.playlist()).segments]
    assert numbers == list(range(numbers[0], numbers[0] + WINDOW))


def test_hls_is_full_from_the_first_second_and_players_read_it(play):
    played = play([])
    played.until((played.out / "index.m3u8").exists)
    played.until(lambda: len(m3u8.loads(played.playlist()).segments) == WINDOW)
    playlist = m3u8.loads(played.playlist())
    now = time.time() / 3.84
    assert now - 2 * WINDOW < playlist.media_sequence < now
    assert playlist.segments[0].init_section
    (played.out / "ended.m3u8").write_text(played.playlist() + "#EXT-X-ENDLIST\n")
    decodes(played.out / "ended.m3u8")
    entries = ("-count_frames", "-show_entries", "stream=nb_read_frames")
    assert probe(played.out / "ended.m3u8", *entries).split()[-2:] == [
        str(96 * WINDOW),
        str(180 * WINDOW),
    ]


def test_a_killed_process_comes_back_with_nothing_missing(play, plan_item, house_clip, receiver):
    items = [plan_item("a", house_clip(slots=8), starts_in=-2.0, takes=60.0)]
    played = play(items, receiver.url)
    played.until((played.out / "index.m3u8").exists)
    played.until(lambda: len(m3u8.loads(played.playlist()).segments) == WINDOW)
    before = m3u8.loads(played.playlist())
    played.process.kill()
    played.process.wait()
    receiver.forget()
    time.sleep(4.5)  # the outage itself, longer than a segment
    played.start()
    says_that_it_begins_anew(packets(receiver.read(3.0)))
    seen = before.segments[-1].uri
    played.until(
        lambda: (
            played.playlist() != before.dumps() and seen not in played.playlist().splitlines()[-1]
        )
    )
    after = m3u8.loads(played.playlist())
    assert "#EXT-X-DISCONTINUITY\n" not in played.playlist()
    assert "#EXT-X-GAP" not in played.playlist()
    numbers = [int(segment.uri.split(".")[0]) for segment in after.segments]
    assert numbers == list(range(after.media_sequence, after.media_sequence + WINDOW))
    assert before.media_sequence < after.media_sequence <= before.media_sequence + 4
    assert abs(numbers[-1] - time.time() / 3.84) < 2
    (played.out / "ended.m3u8").write_text(played.playlist() + "#EXT-X-ENDLIST\n")
    assert steps(played.out / "ended.m3u8", "v") == {3600}


def says_that_it_begins_anew(run: list[bytes]) -> None:
    """Every PID does with its first packet (ISO/IEC 13818-1, 2.4.3.5)."""
    first: dict[int, bytes] = {}
    for packet in run:
        first.setdefault(pid(packet), packet)
    assert {0, 0x11, 0x12, 0x14} < first.keys()
    first.pop(0x1FFF)
    assert [number for number, one in first.items() if not (one[3] & 0x20 and one[5] & 0x80)] == []


def test_a_new_plan_is_taken_while_running(play, plan_item, house_clip):
    played = play([plan_item("old", house_clip(), starts_in=6.0, takes=30.0)])
    played.until(lambda: bool(played.as_run()))
    played.plan([plan_item("new", house_clip(), starts_in=4.0, takes=30.0)], revision=2)
    played.until(lambda: any(line.get("key") == "new" for line in played.as_run()))
    assert "old" not in [line.get("key") for line in played.as_run()]


def test_a_plan_that_cannot_be_read_leaves_the_last_one_in_force(play, plan_item, house_clip):
    played = play([plan_item("a", house_clip(), starts_in=5.0, takes=30.0)])
    played.until(lambda: bool(played.as_run()))
    (played.folder / "plan.json").write_text("{")
    played.until(lambda: any(line.get("key") == "a" for line in played.as_run()))


def test_media_that_vanishes_and_comes_back_costs_only_its_time(
    play, plan_item, house_clip, tmp_path
):
    media = tmp_path / "media.mp4"
    played = play([plan_item("a", media, starts_in=0.0, takes=60.0)])
    played.until(lambda: any("gone" in line.get("reason", "") for line in played.as_run()))
    shutil.copy(house_clip(slots=100), tmp_path / "copying.mp4")
    (tmp_path / "copying.mp4").replace(media)
    played.until(lambda: played.as_run()[-1]["slate"] is False)


def test_two_processes_do_not_share_a_folder(play):
    played = play([])
    played.until((played.out / "index.m3u8").exists)
    second = subprocess.run(played.command, capture_output=True, text=True, check=False, timeout=20)
    assert second.returncode == 1
    assert "Another process" in second.stderr


def test_a_channel_that_nobody_looks_after_goes_on_for_its_time_even_if_nobody_reads_its_log(
    play, tmp_path
):
    alone = ["--supervisor", tmp_path / "supervisor", "--alone-minutes", "0.02"]
    with claimed(tmp_path / "supervisor"):
        played = play([])
        command = [*played.command, *alone]
        command[command.index(str(played.out))] = str(tmp_path / "other")
        child = subprocess.Popen(command, stderr=subprocess.PIPE)
        played.until((tmp_path / "other" / "index.m3u8").exists)
        assert child.poll() is None
        child.stderr.close()
        left_at = time.monotonic()
    assert child.wait(timeout=30) == 0
    assert time.monotonic() - left_at > 1.2


def test_the_log_has_the_time_in_utc(play):
    played = play([])
    played.until(lambda: bool(played.as_run()))
    assert datetime.fromisoformat(played.as_run()[0]["at"]).tzinfo == UTC


def test_two_nodes_with_one_plan_publish_the_same_segments(play, plan_item, house_clip):
    """One begins later, in the middle of an item, and neither knows of the other."""
    clips = [house_clip("one", slots=8, shade=60), house_clip("two", slots=8, shade=160)]
    items = [
        plan_item(str(n), clips[n % 2], starts_in=3 * n - 24.3, takes=3.0, live=None)
        for n in range(20)
    ]
    first = play(items)
    first.until(lambda: len(first.as_run()) > 2)
    out = first.folder / "other"
    command = [str(out) if part == str(first.out) else part for part in first.command]
    second = Played(first.folder, command, subprocess.Popen(command, stderr=subprocess.DEVNULL))
    try:
        first.until((out / "index.m3u8").exists)
        newest = first.playlist().splitlines()[-1]
        first.until(lambda: newest in (out / "index.m3u8").read_text())
        first.until(lambda: newest not in first.playlist().splitlines()[-1])
        first.until(lambda: first.playlist() == (out / "index.m3u8").read_text())
    finally:
        second.process.kill()
        second.process.wait()
    shared = {path.name for path in first.out.glob("*.m4s")} & {p.name for p in out.glob("*.m4s")}
    assert len(shared) >= WINDOW
    assert all((first.out / name).read_bytes() == (out / name).read_bytes() for name in shared)
