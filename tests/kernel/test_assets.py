"""Static files under addresses that change with their content."""

import pytest

from kernel.assets import Assets
from kernel.errors import NotFound


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.js").write_text("1")
    (tmp_path / "secret").write_text("no")
    return tmp_path / "static"


def test_the_address_changes_with_the_content(folder):
    before = Assets(folder).url("a.js")
    (folder / "a.js").write_text("2")
    assert Assets(folder).url("a.js") != before


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a.js/../../secret", "none.js", ""])
def test_nothing_outside_of_the_folder_is_found(folder, path):
    with pytest.raises(NotFound):
        Assets(folder).find(path)


def test_a_link_out_of_the_folder_is_not_followed(folder):
    (folder / "link").symlink_to(folder.parent / "secret")
    with pytest.raises(NotFound):
        Assets(folder).find("link")
