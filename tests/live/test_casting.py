"""Which track stands for the lecture."""

from uuid import uuid4

from live.casting import Candidate, Cast, Player, cast
from live.messages import MediaKind, Source


def candidate(source: Source = Source.CAMERA, *, is_host: bool = False) -> Candidate:
    return Candidate(uuid4(), source, is_host)


def test_a_host_comes_before_whoever_came_later():
    host = candidate(is_host=True)
    assert cast([candidate(), host, candidate()]).camera == host.track


def test_among_equals_the_newest_is_shown():
    newest = candidate(Source.SCREEN, is_host=True)
    assert cast([candidate(Source.SCREEN, is_host=True), newest]).screen == newest.track


def test_the_programme_is_the_screen_while_there_is_one():
    camera, screen = candidate(), candidate(Source.SCREEN)
    assert cast([camera]).programme == camera.track
    assert cast([camera, screen]).programme == screen.track
    assert cast([]).programme is None


def test_a_player_with_two_pictures_gets_the_camera_beside_the_screen():
    player = Player.of({"0": MediaKind.AUDIO, "1": MediaKind.VIDEO, "2": MediaKind.VIDEO})
    now = Cast(camera=uuid4(), screen=uuid4(), voice=uuid4())
    assert player.receive(now) == {"0": now.voice, "1": now.screen, "2": now.camera}


def test_a_camera_is_not_shown_twice():
    player = Player.of({"1": MediaKind.VIDEO, "2": MediaKind.VIDEO})
    now = Cast(camera=uuid4())
    assert player.receive(now) == {"1": now.camera}
