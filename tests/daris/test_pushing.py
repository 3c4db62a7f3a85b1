import pytest

from daris.pushing import media_type_of
from daris.taking import source_named
from kernel.errors import Invalid


@pytest.mark.parametrize(
    ("name", "charset", "expected"),
    [
        ("week.json", None, "application/json"),
        ("week.CSV", None, "text/csv"),
        ("week.tsv", "windows-1251", "text/csv; charset=windows-1251"),
        ("week.2.xml", None, "application/xml"),
        ("week.xmltv", None, "application/xml"),
    ],
)
def test_the_ending_of_a_file_tells_its_format(name, charset, expected):
    assert media_type_of(name, charset) == expected


@pytest.mark.parametrize("name", ["week", "week.xlsx", ".json"])
def test_an_ending_that_tells_nothing_is_refused(name):
    with pytest.raises(Invalid, match=r"\.csv"):
        media_type_of(name)


def test_a_source_is_named_as_in_a_table():
    assert source_named("file:campus.mp4") == {"file": "campus.mp4"}
    assert source_named("slate") == {"slate": True}
    with pytest.raises(Invalid, match="no source"):
        source_named("campus.mp4")
