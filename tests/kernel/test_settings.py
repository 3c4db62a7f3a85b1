import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from kernel.errors import SettingsError
from kernel.settings import Settings, load


def test_nothing_needs_to_be_set():
    settings = load({"PATH": "/bin"})
    assert settings == Settings()
    assert settings.address == "http://127.0.0.1:8080"
    assert settings.database.startswith("sqlite:////")


def test_values_are_read_by_their_types():
    settings = load(
        {
            "DARIS_DATA_DIR": "/srv/daris",
            "DARIS_PORT": "80",
            "DARIS_ANNOUNCE": "192.0.2.1, 2001:db8::1,",
            "DARIS_PART_SECONDS": "0.5",
        }
    )
    assert settings.data_dir == Path("/srv/daris")
    assert settings.port == 80
    assert settings.announce == ("192.0.2.1", "2001:db8::1")
    assert settings.part_seconds == 0.5


def test_the_address_has_no_slash_at_the_end():
    assert load({"DARIS_PUBLIC_URL": "https://live.example/"}).address == "https://live.example"


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant():
    with pytest.raises(SettingsError, match=r"DARIS_DATABSE_URL.*mean DARIS_DATABASE_URL\?"):
        load({"DARIS_DATABSE_URL": "sqlite:///x.db"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DARIS_PORT", "eighty"),
        ("DARIS_PORT", "65536"),
        ("DARIS_PART_SECONDS", "0"),
        ("DARIS_LOG_FORMAT", "xml"),
        ("DARIS_ROOM_OPENS_MINUTES", "-1"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(name, value):
    with pytest.raises(SettingsError, match=f"^{name} is not right: "):
        load({name: value})


@pytest.mark.parametrize("folder", ["plain", "with a space", "100% #1?", "дәріс"])
def test_any_name_of_the_data_folder_makes_addresses_that_lead_into_it(tmp_path, folder):
    settings = Settings(data_dir=tmp_path / folder)
    assert make_url(settings.database).database == str(tmp_path / folder / "daris.db")
    assert settings.storage == (tmp_path / folder / "store").as_uri()


def test_a_secret_that_was_set_is_used_and_not_kept(tmp_path):
    assert Settings(data_dir=tmp_path, secret="s3cret").signing_secret == b"s3cret"
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    settings = Settings(data_dir=tmp_path / "var")
    secret = settings.signing_secret
    assert len(secret) >= 32
    assert settings.signing_secret == secret
    [kept] = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_processes_that_start_together_get_the_same_secret(tmp_path):
    script = "import sys, pathlib, kernel.settings as s; print(s.Settings(data_dir=pathlib.Path(sys.argv[1])).signing_secret)"

    def secret_of_a_process(_: int) -> bytes:
        return subprocess.check_output([sys.executable, "-c", script, str(tmp_path)])

    with ThreadPoolExecutor() as processes:
        assert len(set(processes.map(secret_of_a_process, range(6)))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
