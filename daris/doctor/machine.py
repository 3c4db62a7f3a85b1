"""The machine: Python and its packages, the forwarding loop, the kernel's network, the data folder."""

import platform
import shutil
import socket
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from daris.doctor.findings import Found, Patient, ill, weak, well
from kernel.errors import SettingsError
from kernel.journal import open_journal
from live import adapter
from live.fanout import open_fanout
from transcode import compiled_pacing

_BUFFER_BYTES: Final = 4 << 20  # what live.port asks for
_UDP_SEGMENT: Final = 103  # linux/udp.h
_GIB: Final = 1 << 30
_FEW_GIB: Final = 10  # of disk; a lecture's hour takes about one
_KNOWN: Final = ("aiortc", "pylibsrtp", "av")


async def packages(_: Patient) -> Found:
    await adapter.check()
    versions = ", ".join(f"{name} {version(name)}" for name in _KNOWN)
    return well(f"Python {platform.python_version()}, {versions}: the self-check passes.")


async def forwarder(_: Patient) -> Found:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        name = open_fanout(probe.fileno()).name
    if name == "compiled":
        return well("The compiled loop forwards packets.")
    return weak("The slower loop forwards packets; install gcc and run make fanout.")


async def pacer(_: Patient) -> Found:
    if compiled_pacing.load() is not None:
        return well("The compiled loop paces channels.")
    return weak("The slower loop paces channels; install gcc and run make fanout.")


async def offload(_: Patient) -> Found:
    """GSO: several datagrams to one seat in one piece."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        try:
            sender.setsockopt(socket.SOL_UDP, _UDP_SEGMENT, 1000)
        except OSError as error:
            return weak(
                f"This kernel sends datagrams one by one (UDP GSO: {error.strerror}); Linux 4.18 "
                "or newer is cheaper."
            )
    return well("The kernel takes many datagrams at once (UDP GSO).")


async def buffers(_: Patient) -> Found:
    options = {"rmem_max": socket.SO_RCVBUF, "wmem_max": socket.SO_SNDBUF}
    small = [name for name, option in options.items() if _buffer(option) < _BUFFER_BYTES]
    if small:
        orders = " ".join(f"net.core.{name}={_BUFFER_BYTES}" for name in small)
        return weak(f"The kernel's socket buffers are small for a full room: sysctl -w {orders}")
    return well("The socket buffers are large enough.")


def _buffer(option: int) -> int:
    """The bytes that one really gets; the kernel tells the double (socket(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        return probe.getsockopt(socket.SOL_SOCKET, option) // 2


async def folder(patient: Patient) -> Found:
    path = patient.settings.data_dir.absolute()
    there = _nearest(path)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return ill(
            f"{there} can't be written ({error.strerror}): give it to the user of the service, "
            "or set DARIS_DATA_DIR."
        )
    free = shutil.disk_usage(there).free / _GIB
    if free < _FEW_GIB:
        return weak(f"Only {free:.1f} GiB are free in {there}; an hour's lecture takes about one.")
    return well(f"{path} can be written, {free:.0f} GiB are free.")


def _nearest(path: Path) -> Path:
    """The folder, or what is there of the way to it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


async def journal(patient: Patient) -> Found:
    """Opened as the server would, which holds its lock while it runs."""
    path = patient.settings.data_dir / "journal"
    with suppress(FileNotFoundError):
        if not any(path.iterdir()):
            return well("It is empty.")
        try:
            async with open_journal(path):
                return well("It can be opened.")
        except SettingsError as error:
            if patient.server is not None:
                return well("The running server has it open.")
            return weak(f"{error.message} No server answers, though: is one about to start?")
        except OSError as error:
            return ill(
                f"{path} can't be opened ({error.strerror}): look at its owner and the disk."
            )
    return well("There is none yet; the first start makes it.")


async def ffmpeg(_: Patient) -> Found:
    found = shutil.which("ffmpeg")
    if found is None:
        return well("It is not installed, and not needed; it is handy to look at recordings.")
    return well(f"{found} is there; Daris does not need it.")
