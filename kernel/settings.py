"""Settings: one struct, read once from `DARIS_*` variables. docs/settings.md describes each."""

import contextlib
import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec

from kernel.errors import SettingsError
from kernel.proxies import Proxies

PREFIX = "DARIS_"

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an operator may set. Lists are written with commas."""

    data_dir: Path = Path("var")
    bind: str = "127.0.0.1"
    port: Port = 8080
    media_bind: str = ""
    media_port: Port = 8081
    media_tcp: bool = True
    joins_per_second: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 200
    announce: tuple[str, ...] = ()
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    database_url: str = ""
    redis_url: str = ""
    storage_url: str = ""
    secret: str = ""
    ice_servers: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = ""
    part_seconds: Seconds = 0.28
    room_opens_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] = 15
    overrun_minutes: Annotated[int, msgspec.Meta(ge=0, le=720)] = 30
    most_seats: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    recording_days: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    catchup_hours: Annotated[int, msgspec.Meta(ge=0, le=744)] = 24
    channel_alone_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 720
    footprint_key: str = ""
    footprint_days: tuple[str, ...] = ()
    alarm_webhook: Annotated[str, msgspec.Meta(pattern="^(https?://.+)?$")] = ""
    xapi_url: Annotated[str, msgspec.Meta(pattern="^(https?://.+)?$")] = ""
    xapi_user: str = "daris"
    xapi_password: str = ""
    smtp_host: str = ""
    smtp_port: Port = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""
    notice_webhook: Annotated[str, msgspec.Meta(pattern="^(https?://.+)?$")] = ""
    notice_webhook_secret: str = ""
    log_format: Annotated[str, msgspec.Meta(pattern="^(text|json)$")] = "text"
    log_level: Annotated[str, msgspec.Meta(pattern="^(debug|info|warning|error)$")] = "info"

    @property
    def address(self) -> str:
        """The address under which people reach the service, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.bind}:{self.port}"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{quote(str(self.data_dir.absolute()))}/daris.db"

    @property
    def storage(self) -> str:
        return self.storage_url or (self.data_dir.absolute() / "store").as_uri()

    @property
    def signing_secret(self) -> bytes:
        """The key of tickets and form tokens: as set, or kept in the data folder."""
        return self.secret.encode() or _kept_secret(self.data_dir / "secret")

    @property
    def checkpoint_secret(self) -> bytes:
        """What the key of the log's checkpoints follows from: as set, or kept in the data folder."""
        return self.footprint_key.encode() or _kept_secret(self.data_dir / "footprint.key")

    @property
    def checkpoints(self) -> Path:
        return self.data_dir / "checkpoints.jsonl"


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings; SettingsError names the variable that is misspelt or has a wrong value."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    fields = {PREFIX + field.name.upper(): field for field in msgspec.structs.fields(Settings)}
    for name in given:
        if name not in fields:
            raise SettingsError(_unknown(name, fields))
    values = {
        fields[name].name: _split(text) if fields[name].type == tuple[str, ...] else text
        for name, text in given.items()
    }
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        name = PREFIX + where.rstrip("`").upper()
        raise SettingsError(f"{name} is not right: {what[0].lower()}{what[1:]}.") from error
    Proxies.read(settings.trusted_proxies)
    return settings


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _path(kind: type, value: object) -> Path:
    if kind is not Path:
        raise NotImplementedError
    return Path(str(value))


def _unknown(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no setting {name}.{hint} docs/settings.md lists them all."


def _kept_secret(path: Path) -> bytes:
    """The secret in `path`, made at the first call; only its owner may read it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):  # another process was first: its secret stands
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()
