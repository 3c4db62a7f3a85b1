"""Hands a transport stream to SRT: a supervised `srt-live-transmit` takes it from the loopback.

What it cannot take is lost in its own socket's buffer, so that it can make nobody wait.
"""

import shutil
import socket
import subprocess
import threading
import time
from urllib.parse import urlencode

import structlog

from transcode.compiled_pacing import Target
from transcode.outputs import Burst, SrtAddress, UdpAddress
from transcode.udp_output import UdpOutput

log = structlog.get_logger()

_TOOL = "srt-live-transmit"
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 10.0
_GRACE_SECONDS = 2.0
_RECEIVE_BUFFER_BYTES = 4 << 20


class SrtOutput:
    """A thread keeps the child alive; it dies with us, whatever kills us."""

    def __init__(self, address: SrtAddress) -> None:
        self._address = address
        self._port = _free_port()
        self._feeding = UdpOutput(UdpAddress("127.0.0.1", self._port))
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._supervise, name="srt", daemon=True)
        self._keeper.start()

    @property
    def target(self) -> Target | None:
        return self._feeding.target

    def tell_failures(self) -> None:
        self._feeding.tell_failures()

    def send(self, burst: Burst) -> None:
        self._feeding.send(burst)

    def close(self) -> None:
        self._closed.set()
        process = self._process
        if process is not None:
            process.terminate()
        self._keeper.join(timeout=2 * _GRACE_SECONDS)
        self._feeding.close()

    def _supervise(self) -> None:
        """The child is bound to this thread: it is told when the thread ends."""
        pause = _SHORTEST_PAUSE_SECONDS
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                self._attempt()
            except OSError as error:
                log.error("playout.srt_not_started", reason=str(error))
            if time.monotonic() - began > _LONGEST_PAUSE_SECONDS:
                pause = _SHORTEST_PAUSE_SECONDS
            self._closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _attempt(self) -> None:
        self._process = process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            restore_signals=False,  # SIGPIPE would end it where nobody reads standard error any more
        )
        log.info("playout.srt_started", output=self._address.host, pid=process.pid)
        while process.poll() is None:
            if self._closed.wait(0.2):
                process.terminate()
                try:
                    process.wait(_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                return
        log.warning("playout.srt_ended", output=self._address.host, code=process.returncode)

    def _command(self) -> list[str]:
        tool = shutil.which(_TOOL)
        if tool is None:
            raise FileNotFoundError(f"{_TOOL} is missing: install the package srt-tools")
        buffers = urlencode({"rcvbuf": _RECEIVE_BUFFER_BYTES})
        source = f"udp://127.0.0.1:{self._port}?{buffers}"
        with_us = ["setpriv", "--pdeathsig", "KILL"]
        return [*with_us, tool, "-chunk:1316", "-quiet", source, srt_url(self._address)]


def srt_url(address: SrtAddress) -> str:
    """As srt-live-transmit reads it."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    options = {
        "mode": "listener" if address.is_listener else "caller",
        "latency": address.latency_ms,
        "passphrase": address.passphrase,
        "streamid": address.stream_id,
    }
    return f"srt://{host}:{address.port}?" + urlencode(
        {name: value for name, value in options.items() if value}
    )


def _free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
