"""A claim is its holder's for as long as that lives."""

import subprocess
import sys

import pytest

from transcode.claim import Claimed, claimed, holder_of

HOLD = """
import sys
from pathlib import Path
from transcode.claim import claimed
with claimed(Path(sys.argv[1]), b"mine"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_claim_tells_its_holder_and_ends_with_it_however_that_ends(tmp_path):
    path = tmp_path / "folder" / ".lock"
    assert holder_of(path) is None
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert holder_of(path) == holder.pid
        with pytest.raises(Claimed), claimed(path, b"ours"):
            pass
        assert path.read_bytes() == b"mine"
        holder.kill()
        holder.wait()
        assert holder_of(path) is None
    with claimed(path, b"ours"):
        assert path.read_bytes() == b"ours"
