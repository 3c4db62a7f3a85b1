"""FFmpeg's WHIP muxer publishes; the tap makes access units of it that decode."""

import asyncio
import datetime as dt
import itertools
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import av
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from live.messages import Source
from live.sdp import read_offer
from transcode.access_unit import Codec

pytestmark = pytest.mark.e2e

FRAMES = 75
ENCODER = Path(__file__).with_name("encoder.py")


@dataclass
class Kept:
    """A sink that keeps all units."""

    units: dict[Codec, list] = field(default_factory=dict)
    ended: set[Codec] = field(default_factory=set)

    def take(self, track, unit):
        self.units.setdefault(track.codec, []).append(unit)

    def end(self, track):
        self.ended.add(track.codec)


@pytest.fixture
def certificate(tmp_path):
    """FFmpeg's own certificate does not get on with our DTLS; this one does."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "encoder")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = {"cert_file": tmp_path / "certificate.pem", "key_file": tmp_path / "key.pem"}
    files["cert_file"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files["key_file"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {name: str(path) for name, path in files.items()}


@pytest.fixture
async def whip(room):
    """The address of the smallest WHIP endpoint."""
    seat = uuid4()

    async def publish(request):
        offer = await request.text()
        sources = {"video": Source.SCREEN, "audio": Source.MICROPHONE}
        send = {s.mid: sources[s.kind] for s in read_offer(offer).sections}
        answer = await room.stage.connect(seat).answer(offer, send=send, receive={})
        return web.Response(
            status=201, text=answer, content_type="application/sdp", headers={"Location": "/whip/1"}
        )

    async def leave(_):
        return web.Response()

    app = web.Application()
    app.router.add_post("/whip", publish)
    app.router.add_delete("/whip/1", leave)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/whip"
    await runner.cleanup()


async def test_ffmpeg_publishes_and_the_tapped_units_decode(room, whip, certificate):
    kept = Kept()
    epoch = dt.datetime.now(dt.UTC)
    tap = room.stage.tap(kept, epoch=epoch)
    encoder = await asyncio.create_subprocess_exec(
        sys.executable,
        ENCODER,
        whip,
        certificate["cert_file"],
        certificate["key_file"],
        str(FRAMES),
    )
    assert await encoder.wait() == 0
    await tap.aclose()
    assert kept.ended == {Codec.H264, Codec.OPUS}
    pictures, sounds = kept.units[Codec.H264], kept.units[Codec.OPUS]
    assert len(pictures) > FRAMES - 30
    assert pictures[0].is_key
    assert all(b.pts > a.pts for a, b in itertools.pairwise(pictures))
    assert 0 < pictures[0].time < 5
    assert abs(float(pictures[-1].time - sounds[-1].time)) < 0.2
    decoder = av.CodecContext.create("h264", "r")
    frames = [f for unit in pictures for f in decoder.decode(av.Packet(unit.data))]
    frames += decoder.decode(None)
    assert len(frames) == len(pictures)
    assert {frame.width for frame in frames} == {320}
