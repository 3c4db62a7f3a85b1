"""All looks in order, each with a time-out: the doctor comes to an end whatever hangs."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from daris.doctor import machine, stores, ways
from daris.doctor.findings import Finding, Found, Hop, Patient, State, ill, well
from kernel import settings as kernel_settings
from kernel.errors import DarisError, SettingsError
from kernel.settings import Settings

_PATIENCE_SECONDS: Final = 15.0

Tell = Callable[[Finding], None]


async def examine(environ: Mapping[str, str], tell: Tell) -> list[Finding]:
    """Look at everything that the settings of `environ` speak of; each finding is told at once."""
    findings: list[Finding] = []

    def note(name: str, found: Found) -> None:
        finding = Finding(name, found.state, found.sentence)
        findings.append(finding)
        tell(finding)

    try:
        settings = kernel_settings.load(environ)
        hops = list(_hops(settings))
    except SettingsError as error:
        note("settings", ill(error.message))
        return findings
    note("settings", well(f"All are known; the address is {settings.address}."))
    patient = Patient(settings, await ways.server_of(settings))
    for hop in hops:
        found = await _look(hop, patient)
        if found is not None:
            note(hop.name, found)
    return findings


def is_well(findings: list[Finding]) -> bool:
    return all(finding.state is not State.FAILING for finding in findings)


def _hops(settings: Settings) -> Iterator[Hop]:
    yield Hop("packages", machine.packages)
    yield Hop("forwarder", machine.forwarder)
    yield Hop("pacer", machine.pacer)
    yield Hop("offload", machine.offload)
    yield Hop("socket buffers", machine.buffers)
    yield Hop("data folder", machine.folder)
    yield Hop("journal", machine.journal)
    yield Hop("database", stores.database)
    yield Hop("redis", stores.redis)
    yield Hop("storage", stores.storage)
    yield Hop("http", ways.http)
    yield Hop("public address", ways.public)
    yield Hop("media by udp", ways.media)
    yield Hop("media by tcp", ways.media_tcp)
    for relay in ways.relays_of(settings):
        yield Hop("relay", partial(_relay, relay))
    yield Hop("clock", ways.clock)
    yield Hop("ffmpeg", machine.ffmpeg)


async def _relay(relay: ways.Relay, _: Patient) -> Found:
    return await ways.relay(relay)


async def _look(hop: Hop, patient: Patient) -> Found | None:
    """Whatever a look raises is a finding, too."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await hop.look(patient)
    except TimeoutError:
        return ill(f"No answer within {_PATIENCE_SECONDS:.0f} s.")
    except DarisError as error:
        return ill(error.message)
    except Exception as error:  # noqa: BLE001 - the doctor goes on to the next hop
        return ill(f"This could not be looked at: {error!r}")
