"""What a channel costs on air: `python -m bench.channel [--json] [--only PART …] [--channels N]`.

Conditioned media is passed through as HLS and as a paced transport stream at constant bitrate. Beside it, in the
same seconds, `ffmpeg -re -c copy` does the same; then FFmpeg encodes it on air; then many channels run at
once. The streams are received over the loopback, and the arrival of each program clock reference is compared
with its value, beside how evenly a thread that only sleeps is woken in the same seconds. Two parts need no time of their own: what the guide in the stream costs, and how far a
thousand joins are from where they were planned, by a simulated clock. Some three minutes in all.
"""

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import playing
from bench.report import arguments, show
from bench.sleeper import Sleeper
from transcode.eit import Event
from transcode.house import (
    AAC_FRAME_SAMPLES,
    FRAME_SAMPLES,
    PROFILES,
    SAMPLE_RATE,
    SLOT,
    Profile,
    moment_of,
    picture_from,
    slot_from,
    sound_with,
    start_of,
)
from transcode.si import NULL_PID
from transcode.si_injector import Service, SiInjector
from transcode.timeline import Cue, Item, Plan, Timeline

SMALL, LARGE = PROFILES["720p25"], PROFILES["1080p25"]
SETTLE, MEASURE = 5.0, 15.0  # seconds
ENCODE, ENCODE_SETTLES = 12.0, 3.0
EACH_STARTS = 0.7  # seconds that a process needs of both cores
JOINS = 1000
MEANINGS = {
    "cpu_720p25_percent": "of a core, one channel: passthrough to HLS and paced CBR UDP",
    "cpu_1080p25_percent": "the same in 1080p25",
    "ffmpeg_copy_720p25_percent": "of a core: ffmpeg -re -c copy to HLS and CBR UDP, in the same seconds",
    "ffmpeg_copy_1080p25_percent": "the same in 1080p25",
    "times_copy_720p25": "ours by ffmpeg's copy; at most 1.2",
    "times_copy_1080p25": "the same in 1080p25",
    "encode_720p25_percent": "of a core, a second of programme in a second: FFmpeg encodes on air, by the house encoder's options",
    "encode_1080p25_percent": "the same in 1080p25",
    "cheaper_720p25": "how often ours goes into encoding; at least 40",
    "cheaper_1080p25": "the same in 1080p25",
    "pcr_spread_ms": "latest minus earliest arrival of a PCR, the start included; under 5",
    "ffmpeg_pcr_spread_ms": "the same for ffmpeg with bitrate= and burst_bits=",
    "many_channels": "in 720p25, at once",
    "many_cpu_percent": "of two cores, all of them; under 40",
    "many_pcr_spread_ms": "the worst of them, once they run; under 10",
    "floor_spread_ms": "the same of a thread in real time that only sleeps, the worst of two, meanwhile",
    "monitor_720p25_percent": "of a core: what watches a channel, a process of its own",
    "monitor_1080p25_percent": "the same in 1080p25",
    "watched_720p25_percent": "of a core, a channel that sends to its monitor too",
    "watched_1080p25_percent": "the same in 1080p25",
    "guide_cpu_percent": "of a core: EIT of eight full days, TDT and TOT in 3.3 Mbit/s; under 0.3",
    "join_late_ms": "the latest of a thousand joins after its planned moment; at most 60",
    "join_early_ms": "the earliest of them before it; never",
    "join_on_grid_ms": "the farthest of a thousand that are planned on whole slots",
    "join_sound_ms": "the farthest that sound is from its picture at one of them; early 7, late 15",
    "drift_ms": "the last of those on whole slots against the sum of all that came before",
}


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--channels", type=int, default=16, help="of the part `many`")
    parser.add_argument("--only", choices=sorted(_PARTS), action="append", help="repeatable")
    options = parser.parse_args()
    figures: dict[str, float | None] = {}
    with TemporaryDirectory() as folder:
        for name in options.only or _PARTS:
            figures |= _PARTS[name](Path(folder), options.channels, figures)
    show("Channel", figures, MEANINGS, as_json=options.json)


Figures = dict[str, float | None]


def _one(folder: Path, _: int, __: Figures) -> Figures:
    """A channel of each profile, and FFmpeg beside each, in the same seconds."""
    profiles = (SMALL, LARGE)
    items = [_media(folder, profile) for profile in profiles]
    receivers = [playing.Receiver() for _ in range(4)]
    with playing.children() as start:
        processes = [
            start(playing.channel(folder / profile.name, profile, item, receiver.port))
            for profile, item, receiver in zip(profiles, items, receivers[:2], strict=True)
        ]
        processes += [
            start(playing.ffmpeg(folder / "copy", profile, item, receiver.port))
            for profile, item, receiver in zip(profiles, items, receivers[2:], strict=True)
        ]
        used = _used(processes, settle=SETTLE, measure=MEASURE)
    return {
        "cpu_720p25_percent": used[0],
        "cpu_1080p25_percent": used[1],
        "ffmpeg_copy_720p25_percent": used[2],
        "ffmpeg_copy_1080p25_percent": used[3],
        "times_copy_720p25": used[0] / used[2],
        "times_copy_1080p25": used[1] / used[3],
        "pcr_spread_ms": receivers[0].spread_ms(),
        "ffmpeg_pcr_spread_ms": receivers[2].spread_ms(),
    }


def _encode(folder: Path, _: int, known: Figures) -> Figures:
    """What it would cost to encode on air; in turn, since both together need more than two cores."""
    figures: Figures = {}
    for profile in (SMALL, LARGE):
        item, receiver = _media(folder, profile), playing.Receiver()
        coding = playing.encoding(profile)
        with playing.children() as start:
            process = start(
                playing.ffmpeg(folder / "encoded", profile, item, receiver.port, *coding)
            )
            time.sleep(ENCODE_SETTLES)
            receiver.forget()
            used = _used([process], settle=0.0, measure=ENCODE)[0]
            used *= ENCODE / receiver.programme_seconds()  # a busy machine does not let it keep up
        ours = known.get(f"cpu_{profile.name}_percent")
        figures[f"encode_{profile.name}_percent"] = used
        figures[f"cheaper_{profile.name}"] = used / ours if ours else None  # `one` was left out
    return figures


def _many(folder: Path, channels: int, _: Figures) -> Figures:
    item = _media(folder, SMALL)
    receivers = [playing.Receiver() for _ in range(channels)]
    sleepers = [Sleeper(), Sleeper()]
    with playing.children() as start:
        processes = [
            start(playing.channel(folder / f"many{number}", SMALL, item, receiver.port))
            for number, receiver in enumerate(receivers)
        ]
        time.sleep(SETTLE + EACH_STARTS * channels)  # they all start in one moment
        for receiver in receivers:
            receiver.forget()
        for sleeper in sleepers:
            sleeper.forget()
        used = _used(processes, settle=0.0, measure=MEASURE)
        spread = max(receiver.spread_ms() for receiver in receivers)
        floor = max(sleeper.spread_ms() for sleeper in sleepers)
    return {
        "many_channels": channels,
        "many_cpu_percent": sum(used) / 2,
        "many_pcr_spread_ms": spread,
        "floor_spread_ms": floor,
    }


def _monitor(folder: Path, _: int, __: Figures) -> Figures:
    """What watches a channel, and what the channel costs that is watched."""
    receivers = [playing.Receiver() for _ in range(2)]
    figures: Figures = {}
    with playing.children() as start:
        watched, watching = [], []
        for profile, receiver in zip((SMALL, LARGE), receivers, strict=True):
            at, port = folder / f"watched-{profile.name}", playing.free_port()
            command = playing.channel(at, profile, _media(folder, profile), receiver.port, port)
            watched.append(start(command))
            watching.append(start(playing.monitor(at / "out", port)))
        used = _used([*watched, *watching], settle=SETTLE, measure=MEASURE)
    for number, profile in enumerate((SMALL, LARGE)):
        figures[f"watched_{profile.name}_percent"] = used[number]
        figures[f"monitor_{profile.name}_percent"] = used[number + 2]
    return figures


def _guide(_: Path, __: int, ___: Figures) -> Figures:
    """A minute of a stream that is a third empty, with the guide and without."""
    packets = (b"\x47\x01\x00\x10" + bytes(184)) * 2 + b"\x47" + NULL_PID.to_bytes(2) + bytes(185)
    piece = packets * (SMALL.mux_bps // 8 // len(packets) // 25)  # as the muxer writes it
    start = datetime(2026, 9, 7, tzinfo=UTC)
    injector = SiInjector(
        _nowhere, mux_bps=SMALL.mux_bps, starts_at=start, service=Service("Daris", "Daris")
    )
    injector.plan([_event(number, start) for number in range(8 * 24 * 2)])
    seconds, began = 60.0, time.process_time()
    for _piece in range(int(seconds * SMALL.mux_bps / 8 / len(piece))):
        injector.feed(piece)
    return {"guide_cpu_percent": 100 * (time.process_time() - began) / seconds}


def _nowhere(data: bytes) -> None:
    """What the guide is written into here."""


def _event(number: int, start: datetime) -> Event:
    half_an_hour = timedelta(minutes=30)
    words = {
        "kk": "Сызықтық алгебра: меншікті мәндер",
        "ru": "Линейная алгебра: собственные значения",
    }
    return Event(number, start + number * half_an_hour, half_an_hour, words, words)


def _joins(_: Path, __: int, ___: Figures) -> Figures:
    """When programmes begin that are planned at any microsecond, and on whole slots."""
    dice = random.Random(25)
    start = datetime(2026, 9, 7, tzinfo=UTC)
    lengths = [timedelta(microseconds=dice.randint(5_000_000, 900_000_000)) for _ in range(JOINS)]
    anywhere = list(_begun(start, lengths))
    whole = [slot_from(start + length) - slot_from(start) for length in lengths]
    on_grid = list(_begun(start_of(slot_from(start)), [slots * SLOT for slots in whole]))
    late, late_on_grid = (_late_ms(each) for each in (anywhere, on_grid))
    return {
        "join_late_ms": max(late),
        "join_early_ms": max(0.0, -min(late)),
        "join_on_grid_ms": max(map(abs, late_on_grid)),
        "join_sound_ms": max((_sound_ms(cue.begins) for cue in anywhere), key=abs),
        "drift_ms": late_on_grid[-1] - late_on_grid[0],
    }


def _begun(start: datetime, lengths: Sequence[timedelta]) -> Iterator[Cue]:
    """The first group of each programme, as a channel comes to it group by group."""
    items, at = [], start
    for number, length in enumerate(lengths):
        name = str(number)
        items.append(Item(programme=name, key=name, title="", starts_at=at, ends_at=at + length))
        at += length
    timeline = Timeline(Plan(channel="bench", items=tuple(items)))
    run = timeline.run(picture_from(start), picture_from(at))
    return (cue for cue in run if cue.item and cue.index == 0)


def _late_ms(begun: Sequence[Cue]) -> list[float]:
    planned = [cue.item.starts_at for cue in begun if cue.item]
    assert len(planned) == JOINS
    return [
        (moment_of(cue.begins) - moment) / timedelta(milliseconds=1)
        for cue, moment in zip(begun, planned, strict=True)
    ]


def _sound_ms(picture: int) -> float:
    """How late the sound of a group that begins there is."""
    samples = sound_with(picture) * AAC_FRAME_SAMPLES - picture * FRAME_SAMPLES
    return 1000 * samples / SAMPLE_RATE


_PARTS: dict[str, Callable[[Path, int, Figures], Figures]] = {
    "one": _one,
    "encode": _encode,
    "many": _many,
    "monitor": _monitor,
    "guide": _guide,
    "joins": _joins,
}


def _media(folder: Path, profile: Profile) -> Path:
    made = folder / f"{profile.name}.mp4"
    return made if made.exists() else playing.media(folder, profile)


def _used(
    processes: Sequence["subprocess.Popen[bytes]"], *, settle: float, measure: float
) -> list[float]:
    """Percent of a core that each takes, once it has settled."""
    time.sleep(settle)
    before = [playing.cpu_seconds(process.pid) for process in processes]
    time.sleep(measure)
    after = [playing.cpu_seconds(process.pid) for process in processes]
    return [100 * (late - early) / measure for early, late in zip(before, after, strict=True)]


if __name__ == "__main__":
    main()
