"""Notices in words: letters and the sentences of the webhook, in each person's language and zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from identity.people import Person
from kernel.languages import HOUSE, LOCALES
from kernel.pages import HOUSE_ZONE, Pages
from schedule.lifecycle import Lecture
from schedule.mail import Letter
from schedule.notices import Details, Kind, Notice
from schedule.webhook import Told
from schedule.wishes import signature_of

_NAMESPACE = UUID("5b0f3a0e-5a0c-5f0c-9a8b-7d1b6a3f2c11")


@dataclass(frozen=True, slots=True)
class Item:
    """A notice with its lecture, and the one whose recording is to be watched."""

    notice: Notice
    lecture: Lecture | None
    recording: Lecture | None = None

    @property
    def kind(self) -> Kind:
        return self.notice.kind

    @property
    def path(self) -> str:
        """Where the person goes from here."""
        if self.kind in {Kind.DISPUTE, Kind.ANSWER}:
            return "/attendance/corrections"
        lecture = self.recording or self.lecture
        return f"/lectures/{lecture.id}" if lecture else ""

    @property
    def details(self) -> Details:
        return self.notice.details


@dataclass(frozen=True, slots=True)
class Wording:
    """What the words are made with. `address` leads to our pages."""

    pages: Pages
    address: str
    secret: bytes

    def letter(self, person: Person, email: str, items: Sequence[Item], *, at: datetime) -> Letter:
        """One letter for all that the person is to be told now."""
        words = self._words(person, items, at)
        if any(item.kind is Kind.CONFIRM for item in items):
            signature = signature_of(self.secret, person.id, email)
            words |= {"link": f"{self.address}/me/notices/confirm/{signature}"}
        locale = str(words["locale"])
        name = "confirm" if "link" in words else "notice"
        return Letter(
            to=email,
            name=person.name,
            subject=self.pages.text(f"mail/{name}_subject.txt", locale, words),
            text=self.pages.text(f"mail/{name}.txt", locale, words),
            html=self.pages.text(f"mail/{name}.html", locale, words),
            locale=locale,
            id=f"{_common_id(items)}@{urlsplit(self.address).hostname or 'daris'}",
            at=at,
            preferences=f"{self.address}/me",
        )

    def told(self, person: Person, item: Item, *, at: datetime) -> Told:
        """The same for the webhook."""
        words = self._words(person, [item], at)
        locale, lecture = str(words["locale"]), item.recording or item.lecture
        return Told(
            id=item.notice.id,
            kind=item.kind,
            person=person.id,
            login=person.login,
            locale=locale,
            text=" ".join(self.pages.text("mail/sentence.txt", locale, words).split()),
            lecture=lecture.id if lecture else None,
            title=lecture.title if lecture else "",
            url=f"{self.address}{item.path}",
            starts_at=item.lecture.starts_at if item.lecture else None,
            at=at,
        )

    def _words(self, person: Person, items: Sequence[Item], at: datetime) -> dict[str, Any]:
        locale = person.locale if person.locale in LOCALES else HOUSE
        return {
            "items": items,
            "person": person,
            "locale": locale,
            "zone": ZoneInfo(person.zone or HOUSE_ZONE),
            "now": at,
            "address": self.address,
        }


def items_of(claimed: Sequence[Notice], lectures: Mapping[UUID, Lecture]) -> dict[UUID, Item]:
    """By notice. Of several changes of one class, all are told by the lecture as it is now."""
    return {
        one.id: Item(
            one,
            lectures.get(one.lecture) if one.lecture else None,
            lectures.get(one.details.recording) if one.details.recording else None,
        )
        for one in claimed
    }


def newest(items: Sequence[Item]) -> list[Item]:
    """Without earlier changes of a class that was changed again since; in order of time."""
    shown: dict[tuple[Kind, UUID | None, UUID | None], Item] = {}
    for item in items:
        key = item.kind, item.notice.lecture, item.details.recording
        before = shown.get(key)
        if before is None or before.notice.id < item.notice.id:
            shown[key] = item
    gone = {item.notice.lecture for item in shown.values() if item.kind is Kind.CANCELLED}
    stay = (
        item
        for item in shown.values()
        if item.kind is Kind.CANCELLED or item.notice.lecture not in gone
    )
    return sorted(
        stay, key=lambda item: item.lecture.starts_at if item.lecture else item.notice.not_after
    )


def _common_id(items: Sequence[Item]) -> UUID:
    """The same for the same notices, whoever sends them."""
    return uuid5(_NAMESPACE, " ".join(sorted(str(item.notice.id) for item in items)))
