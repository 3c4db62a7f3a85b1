"""National holidays of Kazakhstan, to propose to whoever keeps a calendar; and what they are called.

The days are those of the library `holidays`: by the law on holidays, with days off that the law moves
from a weekend. Those that follow the moon are estimates until the government names the day. What is
saved of them is the coordinator's word: a name that is one of ours is shown in the reader's language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

import holidays

from kernel.languages import LOCALES, SOURCE

# in English and Kazakh as the library has them, in Russian as the law has them
_NAMES: Final = (
    ("New Year's Day", "Жаңа жыл", "Новый год"),
    ("Orthodox Christmas", "Православиелік Рождество", "Православное Рождество"),
    ("International Women's Day", "Халықаралық әйелдер күні", "Международный женский день"),
    ("Nowruz Holiday", "Наурыз мейрамы", "Наурыз мейрамы"),
    (
        "Kazakhstan's People Solidarity Holiday",
        "Қазақстан халқының бірлігі мерекесі",
        "Праздник единства народа Казахстана",
    ),
    ("Defender of the Fatherland Day", "Отан Қорғаушы күні", "День защитника Отечества"),
    ("Victory Day", "Жеңіс күні", "День Победы"),
    ("Eid al-Adha", "Құрбан айт", "Курбан-айт"),
    ("Capital Day", "Астана күні", "День столицы"),
    ("Constitution Day", "Қазақстан Республикасының Конституциясы күні", "День Конституции"),
    ("Republic Day", "Республика күні", "День Республики"),
    (
        "First President Day",
        "Қазақстан Республикасының Тұңғыш Президенті күні",
        "День Первого Президента",
    ),
    ("Independence Day", "Тәуелсіздік күні", "День Независимости"),
    ("Day off", "Демалыс күні", "Выходной день"),
)
_ORDER: Final = ("en", "kk", "ru")
_TURNED: Final = MappingProxyType(
    {name: dict(zip(_ORDER, names, strict=True)) for names in _NAMES for name in names}
)
_NOTE: Final = re.compile(
    r"\s*\((?P<what>observed|estimated|substituted from (?P<of>[\d/]+))[^)]*\)"
)
_AMERICAN: Final = "%m/%d/%Y"  # as the library writes the day in its English names


@dataclass(frozen=True, slots=True)
class NationalDay:
    """A day off by law.

    `is_estimated`: it follows the moon. `worked_on`: the day of a weekend that is worked in its place.
    """

    day: date
    name: str
    is_estimated: bool = False
    worked_on: date | None = None


def national_days(first: date, last: date, locale: str = SOURCE) -> list[NationalDay]:
    """Those from `first` to `last`, in order, named in the language."""
    years = range(first.year, last.year + 1)
    by_law = holidays.country_holidays("KZ", years=years, language="en_US")
    return [
        _national_day(day, name, locale)
        for day, name in sorted(by_law.items())
        if first <= day <= last
    ]


def in_language(name: str, locale: str) -> str:
    """A national holiday's name in one of LOCALES; any other name as it is."""
    names: Mapping[str, str] = _TURNED.get(name, {})
    return names.get(locale if locale in LOCALES else SOURCE, name)


def _national_day(day: date, said: str, locale: str) -> NationalDay:
    """`said` is like “Capital Day (observed)”; two holidays of one day have “; ” between them."""
    names = [in_language(_NOTE.sub("", name), locale) for name in said.split("; ")]
    notes = list(_NOTE.finditer(said))
    worked = [note["of"] for note in notes if note["of"]]
    return NationalDay(
        day,
        ", ".join(names),
        is_estimated=any(note["what"] == "estimated" for note in notes),
        worked_on=datetime.strptime(worked[0], _AMERICAN).date() if worked else None,  # noqa: DTZ007
    )
