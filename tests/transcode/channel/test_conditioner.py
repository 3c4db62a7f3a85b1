"""Real media of all sorts through the conditioner, read back by FFmpeg."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from bench import clips
from player import captions
from player.captions import Cue
from tests.images import png
from tests.transcode.channel.other_readers import brightness
from transcode.house import AAC_FRAMES_PER_SLOT, FRAMES_PER_SLOT, PROFILES
from transcode.house_item import HouseItem
from transcode.library import Library
from transcode.slate import ensure_slate

EPOCH = datetime(2026, 9, 7, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """made("-f", "lavfi", …, name="x.mp4"): a file by FFmpeg's command line."""
    folder = tmp_path_factory.mktemp("sources")

    def make(*arguments: str, name: str):
        command = ["ffmpeg", "-v", "error", "-y", *arguments, folder / name]
        subprocess.run(command, check=True)
        return folder / name

    return make


@pytest.fixture(scope="session")
def film(made):
    """5.2 s at 50 pictures a second in PAL's old shape, with 4.7 s of loud tone at 44.1 kHz."""
    return made(
        *("-f", "lavfi", "-i", "testsrc2=s=360x288:r=50:d=5.2,setsar=16/15"),
        *("-f", "lavfi", "-i", "sine=440:r=44100:d=4.7", "-af", "volume=9dB"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
        name="film.mp4",
    )


def condition(source, target, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transcode.conditioner", source, target, "--profile", "360p25"]
    command += options
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def report(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def counted(path) -> list[str]:
    entries = "stream=nb_read_frames"
    command = ["ffprobe", "-v", "warning", "-count_frames", "-show_entries", entries]
    probed = subprocess.run(
        [*command, "-of", "csv=p=0", path], capture_output=True, check=True, text=True
    )
    assert probed.stderr == ""
    return probed.stdout.split()


def loudness(path) -> tuple[float, float]:
    """Integrated, in LUFS; and the true peak, in dBTP."""
    meter = "ebur128=peak=true:framelog=verbose"
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", meter]
    heard = subprocess.run(
        [*command, "-f", "null", "-"], capture_output=True, check=True, text=True
    )
    lines = [line.split() for line in heard.stderr.splitlines()]
    told = {line[0]: line[1] for line in lines if line and line[0] in {"I:", "Peak:"}}
    return float(told["I:"]), float(told["Peak:"])


def test_a_film_becomes_whole_slots_in_the_house_format(film, tmp_path):
    told = report(condition(film, tmp_path / "out.mp4"))
    slots = told["slots"]
    assert slots == 6
    assert counted(tmp_path / "out.mp4") == [
        str(slots * FRAMES_PER_SLOT),
        str(slots * AAC_FRAMES_PER_SLOT),
    ]
    assert told["had_picture"]
    assert told["had_sound"]
    assert told["damaged_packets"] == 0


CHANGING = ["-vf", "select='not(mod(n,7))+lt(n,25)'", "-fps_mode", "vfr"]  # 25 a second, then 3.6


@pytest.mark.parametrize(
    ("name", "rate", "picture", "pitch", "sound"),
    [
        ("h265.mkv", "24000/1001", ["libx265", "-preset", "ultrafast"], "96000", ["flac"]),
        (
            "vp9.webm",
            "25",
            ["libvpx-vp9", "-deadline", "realtime", *CHANGING],
            "48000",
            ["libopus"],
        ),
        ("av1.mp4", "60", ["libsvtav1", "-preset", "12"], "11025", ["aac"]),
        ("mpeg2.ts", "50", ["mpeg2video"], "32000", ["mp2"]),
    ],
)
def test_whatever_it_comes_in_it_has_the_house_format_and_loudness(
    made, tmp_path, name, rate, picture, pitch, sound
):
    source = made(
        *("-f", "lavfi", "-i", f"testsrc2=s=320x180:d=3:r={rate}"),
        *("-f", "lavfi", "-i", f"anoisesrc=d=3:c=pink:seed=7:r={pitch},volume=12dB"),
        *("-c:v", *picture, "-c:a", *sound),
        name=name,
    )
    told = report(condition(source, tmp_path / "out.mp4"))
    assert told["slots"] == 4
    assert told["damaged_packets"] == 0
    assert counted(tmp_path / "out.mp4") == ["96", "180"]
    lufs, peak = loudness(tmp_path / "out.mp4")
    assert lufs == pytest.approx(-23.0, abs=0.2)
    assert peak <= -1.0
    assert (told["coded_lufs"], told["coded_peak_db"]) == pytest.approx((lufs, peak), abs=0.2)


def test_conditioned_media_joins_the_slate_without_a_new_set_up(film, tmp_path):
    report(condition(film, tmp_path / "out.mp4"))
    slate = HouseItem.open(ensure_slate(tmp_path, PROFILES["360p25"], "Әл-Фараби"))
    conditioned = HouseItem.open(tmp_path / "out.mp4")
    assert conditioned.init == slate.init
    slate.close()
    conditioned.close()


def test_every_slot_begins_with_a_key_picture(film, tmp_path):
    report(condition(film, tmp_path / "out.mp4"))
    command = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pts_time,flags",
    ]
    probed = subprocess.run(
        [*command, "-of", "csv=p=0", tmp_path / "out.mp4"],
        capture_output=True,
        check=True,
        text=True,
    )
    keys = [float(line.split(",")[0]) for line in probed.stdout.splitlines() if ",K" in line]
    assert keys == pytest.approx([0.96 * n for n in range(6)])


def test_a_film_without_sound_gets_silence(made, tmp_path):
    source = made(
        *("-f", "lavfi", "-i", "testsrc2=s=180x320:r=30:d=2"),
        *("-c:v", "libvpx", "-deadline", "realtime"),
        name="silent.webm",
    )
    told = report(condition(source, tmp_path / "out.mp4"))
    assert (told["had_picture"], told["had_sound"], told["slots"]) == (True, False, 3)
    assert counted(tmp_path / "out.mp4") == ["72", "135"]


def test_sound_alone_gets_a_plain_picture(made, tmp_path):
    source = made("-f", "lavfi", "-i", "sine=300:d=1.5", "-ar", "22050", "-ac", "1", name="s.wav")
    told = report(condition(source, tmp_path / "out.mp4"))
    assert (told["had_picture"], told["had_sound"], told["slots"]) == (False, True, 2)
    assert counted(tmp_path / "out.mp4") == ["48", "90"]


@pytest.fixture(scope="session")
def lecture(tmp_path_factory):
    """A recording that goes from camera to a larger screen and back; its voice is silent for 2 s."""
    library = Library(tmp_path_factory.mktemp("media"))
    opened = library.open_recording(uuid4(), EPOCH, post=lambda call: call())
    tracks = clips.interleaved(
        camera=clips.video(8),
        screen=clips.video(4, starts=2.0, size=(640, 360), rate=10, gop=20, shade=120),
        voice=[*clips.voice(3), *clips.voice(3, starts=5.0)],
    )
    for kind, unit in tracks:
        opened.push(kind, unit)
    opened.finish()
    return opened.folder


def test_a_recording_is_conditioned_across_its_changes_of_source(lecture, tmp_path):
    told = report(condition(lecture / "index.m3u8", tmp_path / "out.mp4"))
    assert told["source_seconds"] == pytest.approx(8.0, abs=0.1)
    assert told["slots"] == 9
    assert told["damaged_packets"] == 0
    assert counted(tmp_path / "out.mp4") == ["216", "405"]


def test_the_camera_is_an_inset_while_a_screen_is_shown_and_alone_again_after_it(lecture, tmp_path):
    report(condition(lecture / "index.m3u8", tmp_path / "out.mp4"))
    right = brightness(tmp_path / "out.mp4", "crop=120:70:500:270")  # where the inset lies
    left = brightness(tmp_path / "out.mp4", "crop=120:70:20:270")
    apart = [abs(one - other) > 30 for one, other in zip(right, left, strict=True)]
    assert not any(apart[: 2 * 25 - 10])
    assert all(apart[3 * 25 : 5 * 25])
    assert not any(apart[7 * 25 :])


def test_a_logo_lies_in_its_corner_of_every_picture_and_its_media_joins_that_without(
    film, tmp_path
):
    (tmp_path / "logo.png").write_bytes(png(200, 100, (255, 255, 255, 255)))
    place = ("--logo-corner", "bottom-left", "--logo-height", "10", "--logo-opacity", "50")
    marked = report(condition(film, tmp_path / "a.mp4", "--logo", tmp_path / "logo.png", *place))
    plain = report(condition(film, tmp_path / "b.mp4"))
    assert marked["fingerprint"] == plain["fingerprint"]
    corner, beside = "crop=60:28:38:310", "crop=60:28:540:310"  # 72 by 36, 5 % from the edges
    for area, is_marked in ((corner, True), (beside, False)):
        with_logo = brightness(tmp_path / "a.mp4", area)
        without = brightness(tmp_path / "b.mp4", area)
        assert len(with_logo) == len(without) == 24 * plain["slots"]
        for lit, bare in zip(with_logo, without, strict=True):
            assert lit == pytest.approx((bare + 235) / 2 if is_marked else bare, abs=4)


@pytest.mark.parametrize(("coded", "ending"), [("mov_text", "mp4"), ("srt", "mkv")])
def test_text_subtitles_of_a_film_are_kept_by_language(made, tmp_path, coded, ending):
    said = tmp_path / "said.srt"
    said.write_text(
        "1\n00:00:00,500 --> 00:00:01,500\nСәлем <i>& әлем</i>\n--> екі\n\n2\n00:00:01,600 --> 00:00:02,000\nсоңы\n"
    )
    spoken = made(
        *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", "-i", said),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:s", coded),
        *("-metadata:s:s:0", "language=kaz"),
        name=f"spoken.{ending}",
    )
    (tmp_path / "ru.vtt").write_text("of the file before")
    report(condition(spoken, tmp_path / "out.mp4", "--captions", tmp_path))
    assert captions.parse((tmp_path / "kk.vtt").read_bytes()) == [
        Cue(500, 1500, "Сәлем & әлем\n→ екі"),
        Cue(1600, 2000, "соңы"),
    ]
    assert not (tmp_path / "ru.vtt").exists()


def test_a_pause_of_the_voice_stays_where_it_was(lecture, tmp_path):
    report(condition(lecture / "index.m3u8", tmp_path / "out.mp4"))
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", tmp_path / "out.mp4"]
    command += ["-af", "silencedetect=noise=-50dB:d=0.5", "-f", "null", "-"]
    heard = subprocess.run(command, capture_output=True, check=True, text=True).stderr
    silent = [
        float(line.split("silence_start:")[1])
        for line in heard.splitlines()
        if "silence_start" in line
    ]
    assert silent[0] == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("kind", ["cut", "noise", "empty", "playlist", "absent", "text"])
def test_what_is_no_media_is_refused_in_one_sentence(film, tmp_path, kind):
    data = {
        "cut": film.read_bytes()[:3_000],
        "noise": bytes((n * n) % 251 for n in range(40_000)),
        "empty": b"",
        "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "text": b"ffconcat version 1.0\nfile /etc/passwd\n",
    }
    source = tmp_path / "broken.mp4"
    if kind in data:
        source.write_bytes(data[kind])
    done = condition(source, tmp_path / "out.mp4")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "broken.mp4" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_a_film_that_breaks_off_is_shown_as_far_as_it_goes(made, tmp_path):
    whole = made(
        *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-c:v", "libx264"),
        *("-preset", "ultrafast", "-f", "mpegts"),
        name="whole.ts",
    )
    source = tmp_path / "cut.ts"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    told = report(condition(source, tmp_path / "out.mp4"))
    assert 1 <= told["slots"] <= 4


def test_a_recording_that_leads_out_of_its_folder_is_refused(tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"x" * 100)
    folder = tmp_path / "lecture"
    folder.mkdir()
    (folder / "index.m3u8").write_text(
        '#EXTM3U\n#EXT-X-MAP:URI="../secret.mp4"\n#EXTINF:1,\n../secret.mp4\n'
    )
    done = condition(folder / "index.m3u8", tmp_path / "out.mp4")
    assert done.returncode == 1
    assert "not beside it" in done.stderr
