"""Conditioned media of what was replaced."""

import os

from daris.leftovers import GRACE, Leftovers


def test_what_nothing_names_goes_after_a_grace_and_not_before(tmp_path, clock):
    for name in ("on-air.mp4", "on-air.mp4.json", "old.mp4", "old.mp4.json", ".torn.mp4.part"):
        (tmp_path / name).write_bytes(b"media")
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "growing.mp4").write_bytes(b"media")
    growing = (clock.now() + GRACE).timestamp()
    os.utime(tmp_path / "growing.mp4", (growing, growing))
    leftovers = Leftovers(tmp_path, clock)
    leftovers.look({"on-air.mp4"})
    assert len(list(tmp_path.iterdir())) == 6
    clock.advance(GRACE)
    leftovers.look({"on-air.mp4"})
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["growing.mp4", "on-air.mp4", "on-air.mp4.json"]
