"""The process of one channel: `python -m transcode.playout --plan plan.json --out FOLDER …`.

Anchored to the clock and never silent: for each group of up to 24 pictures it asks the plan what is on air,
copies its packets, and shows the slate where it cannot. It knows no database and no network but its outputs.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import structlog

from transcode.as_run import AsRun
from transcode.assembler import Assembler, Shown
from transcode.channel_window import KEPT, WindowFolder, segments_in
from transcode.claim import Claimed, claimed
from transcode.guide_events import GuideEvents
from transcode.house import (
    DEFAULT_PROFILE,
    FRAMES_PER_SEGMENT,
    FRAMES_PER_SLOT,
    PROFILES,
    SLOT,
    Profile,
    moment_of,
    picture_from,
)
from transcode.house_item import HouseItem
from transcode.mpegts import AHEAD_SECONDS, TransportStream
from transcode.outputs import Address, Output, OutputError, UdpAddress, read_address
from transcode.pacer import Pacer
from transcode.real_time import ASSEMBLER, in_real_time
from transcode.si import Charset
from transcode.si_injector import Service, SiInjector
from transcode.si_tables import HD_SERVICE, SD_SERVICE
from transcode.si_versions import Versions
from transcode.slate import ensure_slate
from transcode.srt_output import SrtOutput
from transcode.standard_error import standard_error
from transcode.supervision import LOCK, Note, digest, follow
from transcode.timeline import Cue, Plan, PlanError, Timeline, read_plan
from transcode.udp_output import UdpOutput

log = structlog.get_logger()

LEAD = SLOT  # a group is decided this long before it is on air: a take waits no longer than two
_START_MARGIN = timedelta(seconds=0.15)
_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_PRIORITY = -10


@dataclass(frozen=True, slots=True)
class Channel:
    """What the process is told when it starts."""

    plan: Path
    out: Path
    profile: Profile
    name: str
    provider: str
    charset: Charset
    zone: ZoneInfo
    country: str
    outputs: tuple[Address, ...]
    kept: int = KEPT  # segments on disk


class AirClock:
    """UTC that is never set on air: read once, then carried on by the monotonic clock, which NTP disciplines."""

    def __init__(self) -> None:
        self._utc, self._monotonic = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        return self._utc + timedelta(seconds=time.monotonic() - self._monotonic)

    def monotonic_at(self, moment: datetime) -> float:
        return self._monotonic + (moment - self._utc).total_seconds()


class PlanFile:
    """The plan on disk, read again when it was replaced. What cannot be read leaves the last one in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._timeline = Timeline(Plan(channel=""))

    def timeline(self) -> Timeline:
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._seen = seen
                plan = read_plan(self._path.read_bytes())
                self._timeline = Timeline(plan)
                log.info("playout.plan_taken", revision=plan.revision, items=len(plan.items))
        except (OSError, PlanError) as error:
            log.warning("playout.plan_unreadable", reason=str(error))
        return self._timeline


class FellBehind(Exception):
    """The process was stopped or starved for so long that it has to join its timeline anew."""


class HlsOutput:
    """Gathers the groups that begin in 3.84 s to a segment and publishes it; a full disk makes a gap, not an end."""

    def __init__(self, folder: WindowFolder, begins: int) -> None:
        """`begins`: the first picture of a segment."""
        self._folder = folder
        self._begins = begins
        self._media: list[bytes] = []

    def push(self, shown: Shown) -> None:
        self._media.append(shown.fragment())
        ends = shown.cue.ends
        msn, phase = divmod(self._begins, FRAMES_PER_SEGMENT)
        if ends // FRAMES_PER_SEGMENT == msn:
            return
        media, self._media = b"".join(self._media), []
        pictures, self._begins = ends - self._begins, ends
        try:
            self._folder.publish(msn, media, phase=phase, pictures=pictures)
        except OSError as error:
            log.error("playout.segment_not_written", segment=msn, reason=str(error))


class TsOutput:
    """The transport stream from picture `first` on, with its guide, paced to all receivers."""

    def __init__(
        self,
        channel: Channel,
        init: bytes,
        outputs: Sequence[Output],
        clock: AirClock,
        first: int,
    ) -> None:
        starts_at = moment_of(first) - timedelta(seconds=AHEAD_SECONDS)
        rate = channel.profile.mux_bps
        self._pacer = Pacer(outputs, rate, starts_at=clock.monotonic_at(starts_at))
        self._guide = SiInjector(
            self._pacer.feed,
            mux_bps=rate,
            starts_at=starts_at,
            service=_service(channel),
            versions=Versions(channel.out / "si-versions.json"),
        )
        self._events = GuideEvents()
        self._stream = TransportStream(
            channel.profile,
            init,
            service=channel.name,
            provider=channel.provider,
            sink=self._guide.feed,
            origin=first - first % FRAMES_PER_SLOT,
        )

    def push(self, shown: Shown, timeline: Timeline) -> None:
        """Raise FellBehind when the receivers' clocks have to begin anew."""
        if self._events.take(timeline):
            self._guide.plan(self._events.all())
        following = timeline.following(shown.cue.begins)
        self._guide.announce(self._events.of(shown.item), self._events.of(following))
        self._stream.push(shown.group, shown.cue.begins, shown.cue.count)
        if self._pacer.is_lost:
            raise FellBehind("the transport stream was sent too late")

    def close(self) -> None:
        self._pacer.close()
        self._stream.close()


def _service(channel: Channel) -> Service:
    kind = HD_SERVICE if channel.profile.height >= 720 else SD_SERVICE
    return Service(
        channel.name, channel.provider, kind, channel.charset, channel.zone, channel.country
    )


def supervise(channel: Channel, stop: threading.Event) -> None:
    """Run until told to stop, whatever happens in between."""
    with ExitStack() as stack:
        slate = HouseItem.open(ensure_slate(channel.out / "slate", channel.profile, channel.name))
        stack.callback(slate.close)
        outputs = [_opened(address) for address in channel.outputs]
        for output in outputs:
            stack.callback(output.close)
        while not stop.is_set():
            try:
                attempt(channel, slate, outputs, stop)
            except FellBehind as error:
                log.warning("playout.fell_behind", reason=str(error))
            except Exception:
                log.exception("playout.failed")
                stop.wait(_PAUSE_AFTER_FAILURE_SECONDS)


def _opened(address: Address) -> Output:
    return UdpOutput(address) if isinstance(address, UdpAddress) else SrtOutput(address)


def attempt(
    channel: Channel, slate: HouseItem, outputs: Sequence[Output], stop: threading.Event
) -> None:
    """One life on the timeline: catch up the playlist, then group after group."""
    clock, plan, as_run = (
        AirClock(),
        PlanFile(channel.plan),
        AsRun(channel.out / "as-run", channel.plan.parent),
    )
    with ExitStack() as stack:
        assembler = stack.enter_context(closing(Assembler(slate, channel.plan.parent)))
        folder = WindowFolder(channel.out, slate.init, slate.fingerprint, kept=channel.kept)
        soonest = clock.now() + _START_MARGIN + timedelta(seconds=AHEAD_SECONDS)
        begins, missed = _to_catch_up(folder, plan.timeline(), picture_from(soonest))
        first = missed[-1].ends if missed else begins
        transport: TsOutput | None = None
        if outputs:
            transport = TsOutput(channel, slate.init, outputs, clock, first)
            stack.callback(transport.close)
        hls = HlsOutput(folder, begins)
        for cue in missed:
            hls.push(assembler.show(cue))
        log.info("playout.on_air", at=moment_of(first).isoformat(), outputs=len(outputs))
        stack.enter_context(in_real_time(ASSEMBLER))
        for cue, timeline in _cues_in_time(first, plan, clock, stop):
            shown = assembler.show(cue)
            if transport:
                transport.push(shown, timeline)
            hls.push(shown)
            _note(as_run, shown)


def _to_catch_up(
    folder: WindowFolder, timeline: Timeline, soonest: int
) -> tuple[int, Sequence[Cue]]:
    """What a full window lacks before the first group on air, which begins at picture `soonest` or after it; the
    segment that this one lies in, too. The picture with which that begins, and the groups."""
    number = folder.missing(soonest // FRAMES_PER_SEGMENT).start
    begins = folder.end_before(number) or timeline.group_from(number * FRAMES_PER_SEGMENT)
    return begins, list(timeline.run(begins, soonest))


def _cues_in_time(
    first: int, plan: PlanFile, clock: AirClock, stop: threading.Event
) -> Iterator[tuple[Cue, Timeline]]:
    """Each group when it is to be decided, where the one before it ended, by the plan as it is then."""
    begins = first
    while True:
        wait = moment_of(begins) - LEAD - clock.now()
        if wait < -LEAD:
            late = -(wait + LEAD).total_seconds()
            raise FellBehind(f"what begins at {moment_of(begins)} was decided {late:.1f} s late")
        if stop.wait(max(0.0, wait.total_seconds())):
            return
        timeline = plan.timeline()
        cue = timeline.at(begins)
        yield cue, timeline
        begins = cue.ends


def _note(as_run: AsRun, shown: Shown) -> None:
    try:
        aired = as_run.note(shown)
    except OSError as error:
        log.error("playout.as_run_not_written", reason=str(error))
        return
    if aired and aired.reason:
        log.warning("playout.slate_shown", programme=aired.programme, reason=aired.reason)
    elif aired:
        log.info("playout.aired", programme=aired.programme, slate=aired.slate)


@contextmanager
def _alone(folder: Path, note: Note) -> Iterator[None]:
    """Two processes in one folder would overwrite each other."""
    try:
        with claimed(folder / LOCK, msgspec.json.encode(note)):
            yield
    except Claimed:
        sys.exit(f"Another process plays a channel into {folder}.")


def main(arguments: Sequence[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(standard_error()),
    )
    structlog.contextvars.bind_contextvars(channel=options.name)
    try:
        outputs = tuple(read_address(url) for url in options.output)
    except OutputError as error:
        sys.exit(str(error))
    if options.monitor:
        outputs += (UdpAddress("127.0.0.1", options.monitor),)
    sys.setswitchinterval(0.001)  # the pacer must not wait 5 ms for the assembler
    with suppress(OSError):  # before whatever can wait, where we are allowed to
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    channel = Channel(
        options.plan,
        options.out,
        PROFILES[options.profile],
        options.name,
        options.provider,
        Charset(options.charset),
        ZoneInfo(options.zone),
        options.country,
        outputs,
        segments_in(timedelta(hours=options.keep_hours)),
    )
    with _alone(channel.out, Note(os.getpid(), digest(arguments), options.monitor)):
        if options.supervisor:
            following = (options.supervisor, options.alone_minutes * 60, stop)
            threading.Thread(target=follow, args=following, name="follow", daemon=True).start()
        supervise(channel, stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m transcode.playout", description=__doc__)
    parser.add_argument(
        "--plan", type=Path, required=True, help="plan file; may be replaced at any time"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for HLS, as-run log and slate"
    )
    parser.add_argument("--profile", choices=sorted(PROFILES), default=DEFAULT_PROFILE)
    parser.add_argument("--name", default="Daris", help="service name, also drawn on the slate")
    parser.add_argument("--provider", default="Daris", help="service provider name")
    parser.add_argument("--charset", choices=list(Charset), default=Charset.UTF_8)
    parser.add_argument("--zone", default="UTC", help="whose offset and its changes the TOT tells")
    parser.add_argument("--country", default="KAZ", help="of the zone, three letters")
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="URL",
        help="udp, rtp or srt://host:port; repeatable",
    )
    parser.add_argument(
        "--keep-hours", type=float, default=0.0, help="how long segments stay, for catch-up"
    )
    parser.add_argument(
        "--monitor", type=int, metavar="PORT", help="of the loopback: another receiver by UDP"
    )
    parser.add_argument(
        "--supervisor", type=Path, metavar="FILE", help="whose lock is held by who looks after us"
    )
    parser.add_argument(
        "--alone-minutes", type=float, default=0.0, help="how long to go on without a supervisor"
    )
    parser.add_argument("--engine", default="", help="the build that is expected; only noted")
    return parser


if __name__ == "__main__":
    main()
