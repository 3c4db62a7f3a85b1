"""What one forwarded packet costs the server: `python -m bench.forwarding [--json] [--seats N ...]`.

Real DTLS-SRTP seats in this process, the server in another. A publisher sends H.264-like video of
1.5 Mbit/s with a large keyframe every two seconds, and Opus: 232 packets a second. The seats report
once a second, as browsers do. Beside our two loops stand the floor, which is the same batches by
sendmmsg alone, without encryption; and Janus, where it is installed (Debian's package).
"""

import argparse
import asyncio
import json
import resource
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from bench.janus import Viewer, is_installed, janus
from bench.light_client import LightClient
from bench.publisher import Publisher
from bench.seats import Crowd, compiled, seated
from kernel.clock import SystemClock
from kernel.telemetry import configure
from live.build_fanout import LIBRARY
from live.datagrams import Inbox, ffi, libc
from live.fanout import open_fanout
from live.messages import Source
from live.port import MediaPort
from live.stage import Stage
from live.tracks import PublishedTrack

TAG_BYTES = 16
BATCH = 256

C = TypeVar("C", bound=LightClient)


@dataclass
class Figures:
    """One row of the table."""

    variant: str
    seats: int
    us_per_packet: float
    loss: float
    p50_ms: float | None
    p99_ms: float | None
    kb_per_seat: float | None


# ---------------------------------------------------------------- the server's process


class _Silent:
    def track_added(self, track: PublishedTrack) -> None: ...
    def track_removed(self, track: PublishedTrack) -> None: ...
    def layers_needed(self, track: PublishedTrack, rids: tuple[str, ...]) -> None: ...
    def voices_changed(self, heard: frozenset[UUID], speaking: tuple[UUID, ...]) -> None: ...
    def connection_ready(self, seat: UUID) -> None: ...
    def connection_lost(self, seat: UUID) -> None: ...


async def serve(variant: str) -> None:
    """Obey the lines of JSON on standard input."""
    library = LIBRARY if variant == "compiled" else None
    async with MediaPort.open(
        "127.0.0.1", 0, fanout=lambda fd: open_fanout(fd, library=library)
    ) as port:
        stage = Stage(port, _Silent(), clock=SystemClock())

        async def obey(order: dict[str, Any]) -> dict[str, Any]:
            if "offer" not in order:
                return {"port": port.port, "variant": port.fanout.name}
            tracks = {track.source: id_ for id_, track in stage.tracks.items()}
            return {
                "answer": await stage.connect(uuid4()).answer(
                    order["offer"],
                    send={mid: Source(source) for mid, source in order.get("send", {}).items()},
                    receive={mid: tracks[Source(s)] for mid, s in order.get("receive", {}).items()},
                )
            }

        await _obey(obey)
        await stage.aclose()


async def serve_floor() -> None:
    """What comes is sent on to every name by sendmmsg, and nothing else."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    inbox = Inbox(sock.fileno())
    names: list[Any] = []
    messages = ffi.new("struct mmsghdr[]", BATCH)
    pieces = ffi.new("struct iovec[]", BATCH)
    headers = [messages[i].msg_hdr for i in range(BATCH)]
    for i, header in enumerate(headers):
        header.msg_iov, header.msg_iovlen, header.msg_namelen = pieces + i, 1, 16

    def forward() -> None:
        sizes = [inbox.size(i) + TAG_BYTES for i in range(inbox.read())]
        filled = 0
        for name in names:
            for i, size in enumerate(sizes):
                headers[filled].msg_name = name
                pieces[filled].iov_base = inbox.pointers[i]
                pieces[filled].iov_len = size
                filled += 1
                if filled == BATCH:
                    libc.sendmmsg(sock.fileno(), messages, filled, socket.MSG_DONTWAIT)
                    filled = 0
        libc.sendmmsg(sock.fileno(), messages, filled, socket.MSG_DONTWAIT)

    async def obey(order: dict[str, Any]) -> dict[str, Any]:
        names[:] = [ffi.new("char[]", bytes.fromhex(n)) for n in order.get("names", ())] or names
        return {"port": sock.getsockname()[1]}

    asyncio.get_running_loop().add_reader(sock, forward)
    await _obey(obey)


async def _obey(obey: Callable[[dict[str, Any]], Any]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        reply = await obey(json.loads(line))
        reply["cpu"] = time.process_time()
        reply["rss_kb"] = _rss_kb()
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


def _rss_kb() -> float:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize() / 1024


# ---------------------------------------------------------------- this process


class Server:
    """The other process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lock = asyncio.Lock()

    async def ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            line = await self._process.stdout.readline()
        reply: dict[str, Any] = json.loads(line)
        return reply

    async def cpu(self) -> float:
        """Seconds of CPU so far."""
        seconds: float = (await self.ask())["cpu"]
        return seconds


@asynccontextmanager
async def server(variant: str) -> AsyncIterator[Server]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.forwarding", "--serve", variant,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    try:
        yield Server(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def _published(other: Server, *, rids: Sequence[str]) -> AsyncIterator[Publisher]:
    """A publisher on the server's stage."""
    client = LightClient()
    offer = client.offer([("audio", "sendonly"), ("video", "sendonly")], rids=rids)
    reply = await other.ask(offer=offer, send={"0": "microphone", "1": "camera"})
    await client.connect(reply["answer"])
    try:
        yield Publisher(
            lambda packet: client.send_raw(client.protect(packet)),
            {"sound": client.ssrcs["0"], "video": client.ssrcs.get("1", 0)},
            report=lambda packet: client.send_raw(client.protect(packet, is_rtcp=True)),
            layers={rid: 1000 + at for at, rid in enumerate(rids)},
            mid="1",
        )
    finally:
        await client.aclose()


async def measure(variant: str, seats: int, seconds: float, *, library: Any) -> Figures:
    """Of a loop; or "simulcast": of the compiled one, with two smaller layers of the picture."""
    loop, rids = ("compiled", ("q", "h", "f")) if variant == "simulcast" else (variant, ())
    async with server(loop) as other, _published(other, rids=rids) as stream:
        before = (await other.ask())["rss_kb"]
        async with _closing([LightClient() for _ in range(seats)]) as clients:
            for some in (clients[i : i + 20] for i in range(0, seats, 20)):
                await asyncio.gather(*(_sit(other, client) for client in some))
            per_seat = ((await other.ask())["rss_kb"] - before) / seats
            with seated(clients, library=library) as crowd:
                figures = await window(variant, other.cpu, stream, crowd, seats, seconds)
    figures.kb_per_seat = round(per_seat, 1)
    return figures


@asynccontextmanager
async def _closing(clients: list[C]) -> AsyncIterator[list[C]]:
    try:
        yield clients
    finally:
        for client in clients:
            await client.aclose()


async def _sit(other: Server, client: LightClient) -> None:
    offer = client.offer([("audio", "recvonly"), ("video", "recvonly")])
    reply = await other.ask(offer=offer, receive={"0": "microphone", "1": "camera"})
    await client.connect(reply["answer"])


async def measure_floor(seats: int, seconds: float, *, library: Any) -> Figures:
    async with server("floor") as other, _closing([LightClient() for _ in range(seats)]) as clients:
        loop = asyncio.get_running_loop()
        for client in clients:
            loop.add_reader(client.socket, client.read)
        reply = await other.ask(names=[client.name.hex() for client in clients])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
            source.connect(("127.0.0.1", reply["port"]))
            stream = Publisher(source.send, {"sound": 1, "video": 2})
            with seated(clients, library=library) as crowd:
                return await window("floor", other.cpu, stream, crowd, seats, seconds)


async def measure_janus(seats: int, seconds: float, *, library: Any) -> Figures:
    async with janus() as other:
        stream = Publisher(other.send, {"sound": 1, "video": 2})
        before = other.rss_kb()
        async with _closing([Viewer() for _ in range(seats)]) as clients:
            for some in (clients[i : i + 20] for i in range(0, seats, 20)):
                await asyncio.gather(*(other.sit(client) for client in some))
            per_seat = (other.rss_kb() - before) / seats
            with seated(clients, library=library) as crowd:
                figures = await window("janus", other.cpu, stream, crowd, seats, seconds)
    figures.kb_per_seat = round(per_seat, 1)
    return figures


async def window(  # noqa: PLR0917
    variant: str,
    cpu_seconds: Callable[[], Awaitable[float]],
    stream: Publisher,
    crowd: Crowd,
    seats: int,
    seconds: float,
) -> Figures:
    """Run the stream to a standstill once to warm up, and once to measure."""
    await stream.run(0.5)
    await asyncio.sleep(0.5)
    stream.begin_anew()
    packets, received = stream.packets, crowd.received()
    crowd.measure()
    cpu = await cpu_seconds()
    await stream.run(seconds)
    await asyncio.sleep(0.5)
    cpu = await cpu_seconds() - cpu
    got = crowd.received() - received
    late = sorted(crowd.late(stream.sent_at))
    return Figures(
        variant,
        seats,
        round(cpu * 1e6 / max(got, 1), 2),
        round(1 - got / ((stream.packets - packets) * seats), 5),
        round(statistics.median(late) * 1000, 1) if late else None,
        round(late[int(len(late) * 0.99)] * 1000, 1) if late else None,
        None,
    )


def show(rows: list[Figures]) -> None:
    head = ("variant", "seats", "us/packet", "of floor", "of janus", "loss", "p50 ms", "p99 ms")
    print(("{:>10}" * 9).format(*head, "kB/seat"))
    for row in rows:
        ratios = [_ratio(row, rows, to) for to in ("floor", "janus")]
        variant, seats, cost, *rest = asdict(row).values()
        cells = ["-" if v is None else str(v) for v in (variant, seats, cost, *ratios, *rest)]
        print(("{:>10}" * 9).format(*cells))


def _ratio(row: Figures, rows: list[Figures], to: str) -> float | None:
    """What the row costs, with the other variant in a room of that size as 1."""
    other = next((r for r in rows if r.variant == to and r.seats == row.seats), None)
    return None if other is None else round(row.us_per_packet / other.us_per_packet, 2)


def summary(rows: list[Figures]) -> dict[str, Any]:
    """The figures by name for the largest room, by the best loop; and all rows."""
    seats = max(row.seats for row in rows)
    of = {row.variant: row for row in rows if row.seats == seats}
    ours = of.get("compiled") or of["python"]
    janus_row = of.get("janus")
    return {
        "seats": seats,
        "us_per_packet": ours.us_per_packet,
        "python_us_per_packet": of["python"].us_per_packet,
        "simulcast_us_per_packet": of["simulcast"].us_per_packet,
        "floor_us_per_packet": of["floor"].us_per_packet,
        "janus_us_per_packet": None if janus_row is None else janus_row.us_per_packet,
        "of_floor": _ratio(ours, rows, "floor"),
        "of_janus": _ratio(ours, rows, "janus"),
        "loss": ours.loss,
        "p50_ms": ours.p50_ms,
        "p99_ms": ours.p99_ms,
        "kb_per_seat": ours.kb_per_seat,
        "runs": [asdict(row) for row in rows],
    }


async def run(seats: list[int], seconds: float) -> list[Figures]:
    rows: list[Figures] = []
    with compiled() as library:
        for count in seats:
            rows.append(await measure_floor(count, seconds, library=library))
            rows.append(await measure("compiled", count, seconds, library=library))
            rows.append(await measure("simulcast", count, seconds, library=library))
            rows.append(await measure("python", count, seconds, library=library))
            if is_installed():
                rows.append(await measure_janus(count, seconds, library=library))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--seats", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--serve", choices=("compiled", "python", "floor"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    configure(style="text", level="error")
    if options.serve:
        asyncio.run(serve_floor() if options.serve == "floor" else serve(options.serve))
        return
    rows = asyncio.run(run(options.seats, options.seconds))
    print(json.dumps(summary(rows))) if options.json else show(rows)


if __name__ == "__main__":
    main()
