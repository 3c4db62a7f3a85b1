import os
import subprocess
import sys

from live.fanout import open_fanout


def build(**environ):
    command = [sys.executable, "-m", "live.build_fanout"]
    result = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout


def test_without_a_compiler_it_says_so_and_is_content():
    code, said = build(PATH="/nonexistent", CC="")
    assert code == 0
    assert "no C compiler" in said


def test_the_second_time_there_is_nothing_to_do():
    build()
    assert build() == (0, "the compiled forwarder is up to date\n")


def test_a_library_of_another_machine_is_left_alone(tmp_path):
    strange = tmp_path / "fanout.so"
    strange.write_bytes(b"not a library")
    assert open_fanout(0, library=strange).name == "python"
