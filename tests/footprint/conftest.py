"""A scripted class, a journal that is drained, and a database of either kind."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from footprint.alternate_request import alternate
from footprint.drain import Drain
from footprint.eraser import Eraser
from footprint.erasure_views import ERASER
from footprint.intake import INTAKE, Intake
from footprint.log import event
from footprint.statements import House
from footprint.views import routes
from footprint.xapi_version import name_version
from identity.credentials import add_token
from identity.people import Person
from identity.sessions import SESSIONS, Sessions, authenticate
from identity.tickets import TICKETS, Tickets
from kernel.clock import ManualClock
from kernel.database import Database
from kernel.ids import new_id
from kernel.journal import Journal, open_journal
from kernel.pages import PAGES
from kernel.settings import Settings
from kernel.web import CLOCK, DATABASE, RECORDER, SETTINGS, problems
from live.events import (
    ChatSaid,
    PersonJoined,
    PersonLeft,
    RoomClosed,
    RoomOpened,
    SeatProof,
    SeatsAlive,
)
from player.delivery import LIBRARY
from player.site import load_pages
from transcode.library import Library

NOON = datetime(2026, 9, 7, 4, tzinfo=UTC)
HOUSE = House("https://live.example.edu")


async def anybody(_request: web.Request, _lecture: UUID) -> None:
    """A guard of rooms without a waiting room."""


@dataclass
class Room:
    """One run of one lecture's room, whose facts a test scripts by the minute."""

    lecture: UUID = field(default_factory=new_id)
    run: UUID = field(default_factory=new_id)

    def at(self, minutes: float) -> datetime:
        return NOON + timedelta(minutes=minutes)

    def opened(self, minutes: float = 0) -> RoomOpened:
        return RoomOpened(
            id=new_id(), at=self.at(minutes), lecture=self.lecture, run=self.run, state="open"
        )

    def closed(self, minutes: float) -> RoomClosed:
        return RoomClosed(
            id=new_id(), at=self.at(minutes), lecture=self.lecture, run=self.run, reason="ended"
        )

    def joined(self, person: UUID, minutes: float, *, seat: UUID | None = None) -> PersonJoined:
        return PersonJoined(
            id=new_id(),
            at=self.at(minutes),
            lecture=self.lecture,
            run=self.run,
            person=person,
            seat=seat or new_id(),
            device="laptop",
            name="Guest of honour",
            role="student",
            skew_ms=3_000,
        )

    def left(
        self,
        joined: PersonJoined,
        minutes: float,
        *,
        proof: float | None = None,
        received: float | None = None,
        visible: float | None = None,
    ) -> PersonLeft:
        return PersonLeft(
            id=new_id(),
            at=self.at(minutes),
            lecture=self.lecture,
            run=self.run,
            person=joined.person,
            seat=joined.seat,
            device=joined.device,
            reason="gone",
            last_proof_at=self.at(minutes if proof is None else proof),
            received_s=_seconds(received),
            visible_s=_seconds(visible),
        )

    def alive(
        self,
        minutes: float,
        *joined: PersonJoined,
        received: float | None = None,
        visible: float | None = None,
    ) -> SeatsAlive:
        counted = (_seconds(received), _seconds(visible))
        proofs = tuple(SeatProof(seat.seat, self.at(minutes), *counted) for seat in joined)
        return SeatsAlive(
            id=new_id(), at=self.at(minutes), lecture=self.lecture, run=self.run, seats=proofs
        )

    def said(self, joined: PersonJoined, text: str, minutes: float = 1) -> ChatSaid:
        return ChatSaid(
            id=new_id(),
            at=self.at(minutes),
            lecture=self.lecture,
            run=self.run,
            person=joined.person,
            seat=joined.seat,
            device=joined.device,
            name=joined.name,
            text=text,
        )


def _seconds(minutes: float | None) -> int | None:
    return None if minutes is None else int(minutes * 60)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def store(either_database) -> Database:
    """Our tables on SQLite and on PostgreSQL."""
    return either_database


@pytest.fixture
def journal_folder(tmp_path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
async def journal(journal_folder) -> AsyncIterator[Journal]:
    async with open_journal(journal_folder) as journal:
        yield journal


@pytest.fixture
def drain(journal, store, clock: ManualClock) -> Drain:
    return Drain(journal, store, clock, HOUSE, first_pause=timedelta(milliseconds=1))


@pytest.fixture
def drained(drain):
    """Everything that is in the journal, step by step."""

    async def drained() -> None:
        while drain.journal.backlog_bytes():
            await drain.step(await drain.journal.read(drain.batch_size))

    return drained


@pytest.fixture
def count(store):
    """How many rows a table has."""

    async def count(table: sa.Table = event) -> int:
        async with store.connect() as connection:
            return await connection.scalar(sa.select(sa.func.count()).select_from(table))

    return count


@pytest.fixture
def kinds_of(store):
    """The kinds in the log, in order."""

    async def read() -> list[str]:
        async with store.connect() as connection:
            query = sa.select(event.c.kind).order_by(event.c.seq)
            return list((await connection.execute(query)).scalars())

    return read


@pytest.fixture
async def client(store, clock, kept, drain, tmp_path) -> AsyncIterator[TestClient]:
    """Our routes behind the real authentication; what is recorded is in `kept.facts`."""
    app = web.Application(middlewares=[problems, alternate, authenticate])
    app.on_response_prepare.append(name_version)
    app[SETTINGS] = Settings(public_url=HOUSE.address, smtp_host="mail.example.edu")
    app[DATABASE], app[CLOCK], app[RECORDER] = store, clock, kept
    app[TICKETS] = Tickets(b"a secret of this test, long enough", clock)
    app[SESSIONS] = Sessions(store, app[TICKETS], clock)
    app[PAGES] = load_pages(clock)
    app[ERASER] = Eraser(store, clock, HOUSE, drain, tmp_path / "outbox")
    app[INTAKE] = Intake(store, clock, HOUSE)
    app[LIBRARY] = Library(tmp_path / "media")
    app.add_routes(routes(anybody))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def token_of(store, clock):
    """A token of a person: `await token_of(person)`."""

    async def token_of(person: Person) -> str:
        async with store.begin() as connection:
            token, _ = await add_token(connection, person.id, at=clock.now())
        return token

    return token_of


@pytest.fixture
def get(client):
    """GET as the holder of a token; the answer."""

    async def get(path: str, token: str | None = None, *, headers=None, **params):
        ours = {"Authorization": f"Bearer {token}"} if token else {}
        if path.startswith("/xapi"):
            ours["X-Experience-API-Version"] = "1.0.3"
        return await client.get(path, params=params, headers=ours | (headers or {}))

    return get
