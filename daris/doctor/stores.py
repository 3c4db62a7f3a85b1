"""What keeps things: the database, Redis, and the storage of finished files."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sqlalchemy.engine import make_url

from daris.doctor.findings import Found, Patient, ill, weak, well
from daris.migrations import schema
from kernel.bus import open_bus
from kernel.database import Database
from kernel.errors import DarisError, SettingsError
from kernel.ids import new_id
from kernel.storage import Storage


async def database(patient: Patient) -> Found:
    """Opening a file would make it, so a missing one is told before."""
    url = patient.settings.database
    if url.startswith("sqlite") and not Path(make_url(url).database or "").exists():
        return weak("There is no database yet: run daris migrate, or start the server.")
    opened = Database.open(url)
    try:
        await opened.check()
        return _revision(await schema.revision_of(opened))
    finally:
        await opened.aclose()


def _revision(revision: str | None) -> Found:
    newest = schema.newest_revision()
    if revision == newest:
        return well(f"It answers, at revision {revision}.")
    if revision is not None and not schema.is_known(revision):
        return ill(f"It is of a newer Daris (revision {revision}): run that version.")
    return ill(f"It is at revision {revision}, not {newest}: run daris migrate.")


async def redis(patient: Patient) -> Found | None:
    url = patient.settings.redis_url
    if not url:
        return None
    try:
        async with open_bus(url):
            return well("It answers.")
    except ValueError as error:
        raise SettingsError(f"DARIS_REDIS_URL is no address of Redis: {error}") from error


async def storage(patient: Patient) -> Found:
    """Write, read back, delete. A folder that is not there is left to the server's user to make."""
    url = patient.settings.storage
    if url.startswith("file://") and not Path(url2pathname(urlsplit(url).path)).exists():
        return well("There is none yet; the first start makes it.")
    store = Storage.open(url)
    key, text = f"doctor-{new_id()}", b"daris doctor"
    try:
        await store.put(key, text)
        came = await store.get(key)
        await store.delete(key)
    except DarisError as error:
        reason = str(error.__cause__ or error.message).splitlines()[0]
        return ill(f"DARIS_STORAGE_URL does not take a file: {reason}")
    if came != text:
        return ill("DARIS_STORAGE_URL gives back another file than it was given.")
    return well("A file went in and came back.")
