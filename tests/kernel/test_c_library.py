import os
import shutil

import pytest

from kernel.c_library import CLibrary


def library(folder, code: str) -> CLibrary:
    source = folder / "_answer.c"
    source.write_text(code)
    return CLibrary(source, "the answer", "a guess")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_it_is_compiled_once_and_again_after_a_change(tmp_path):
    answer = library(tmp_path, "int answer(void) { return 42; }")
    assert [answer.build(), answer.build()] == ["the answer was made", "the answer is up to date"]
    assert answer.path.is_file()
    newer = answer.path.stat().st_mtime_ns + 10**9
    os.utime(answer.source, ns=(newer, newer))
    assert answer.build() == "the answer was made"


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_what_does_not_compile_is_said_and_leaves_nothing_behind(tmp_path):
    answer = library(tmp_path, "int answer(void) { return }")
    assert answer.build().startswith("the answer did not compile, a guess serves: ")
    assert not list(answer.path.parent.iterdir())
