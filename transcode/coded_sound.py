"""How loud sound is once it is coded: AAC takes some tenths of noise, and adds some to a peak."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext

from transcode.conform import SoundConformer
from transcode.house import SAMPLE_RATE, SLOT_SECONDS, Profile, slots_in
from transcode.house_encoder import SOUND_OPTIONS
from transcode.levels import FixedLevels
from transcode.loudness import SILENCE_LUFS, TARGET_LUFS, Loudness, measure
from transcode.source import Timed, open_source

_HIGHEST_PEAK_DB: Final = (
    -1.2
)  # R 128 allows -1 dBTP; what is coded with another gain has other peaks
_GOOD_LU: Final = 0.1
_TRIES: Final = 3


def gain_for(sounds: Callable[[], Iterable[Timed]], loudness: Loudness, profile: Profile) -> float:
    """The gain, in dB, by which `sounds`, as loud as that, are at the target when a decoder hears them; less
    where their peaks would be too high. Codes them, up to three times: 0.02 s of CPU a second each."""
    gain_db = loudness.gain_db
    for _ in range(_TRIES):
        heard = measure(_coded(sounds(), gain_db, profile))
        if heard.integrated_lufs <= SILENCE_LUFS:
            break
        missing = TARGET_LUFS - heard.integrated_lufs
        change = min(missing, _HIGHEST_PEAK_DB - heard.peak_db, loudness.most_db - gain_db)
        if abs(change) < _GOOD_LU:
            break
        gain_db += change
    return gain_db


def heard_of(item: Path) -> Loudness:
    """Of a house item, as a decoder hears it."""
    return measure(open_source(item).sounds())


def _coded(sounds: Iterable[Timed], gain_db: float, profile: Profile) -> Iterator[Timed]:
    encoder, decoder = _encoder(profile), None
    for number, frame in enumerate(_conformed(sounds, gain_db)):
        frame.pts = number * frame.samples
        for packet in encoder.encode(frame):
            decoder = decoder or _decoder(encoder)
            yield from (Timed(0.0, heard) for heard in decoder.decode(packet))


def _conformed(sounds: Iterable[Timed], gain_db: float) -> Iterator[av.AudioFrame]:
    """As the item has them, with the silence at the end of the last slot."""
    conformer, start = SoundConformer(FixedLevels(gain_db)), None
    for timed in sounds:
        start = timed.seconds if start is None else start
        yield from conformer.push(replace(timed, seconds=max(0.0, timed.seconds - start)))
    slots = slots_in(Fraction(conformer.seconds))
    yield from conformer.fill(float(slots * SLOT_SECONDS))


def _encoder(profile: Profile) -> AudioCodecContext:
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "stereo", "fltp"
    encoder.bit_rate = profile.audio_bps
    encoder.options = dict(SOUND_OPTIONS)
    encoder.open()
    return encoder


def _decoder(encoder: AudioCodecContext) -> AudioCodecContext:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = encoder.extradata
    return decoder
