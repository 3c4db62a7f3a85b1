"""National holidays: every one that the library knows has a name in each of our languages."""

from datetime import date

import holidays
import pytest

from kernel.languages import LOCALES
from schedule.national_days import in_language, national_days


def test_a_term_has_its_holidays_in_the_language_that_is_asked_for():
    days = {one.day: one.name for one in national_days(date(2026, 8, 31), date(2026, 12, 31), "kk")}
    assert days[date(2026, 12, 16)] == "Тәуелсіздік күні"
    assert date(2026, 10, 26) in days  # Republic Day falls on a Sunday
    assert date(2027, 1, 1) not in days


def test_a_day_off_that_the_government_moved_says_what_is_worked_instead():
    moved = [one for one in national_days(date(2024, 5, 1), date(2024, 5, 31)) if one.worked_on]
    assert [(one.day, one.worked_on) for one in moved] == [(date(2024, 5, 8), date(2024, 5, 4))]


def test_what_follows_the_moon_is_an_estimate():
    estimated = [
        one for one in national_days(date(2026, 1, 1), date(2026, 12, 31)) if one.is_estimated
    ]
    assert [one.name for one in estimated] == ["Eid al-Adha"]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_holiday_of_thirty_years_lacks_a_name(locale):
    for one in national_days(date(2015, 1, 1), date(2044, 12, 31), locale):
        for name in one.name.split(", "):
            assert "(" not in name
            assert in_language(in_language(name, "kk"), locale) == name
            assert in_language(name, "en") in {
                part.split(" (")[0]
                for said in holidays.country_holidays(
                    "KZ", years=one.day.year, language="en_US"
                ).values()
                for part in said.split("; ")
            }


def test_a_name_of_ones_own_is_nobodys_translation():
    assert in_language("Күн", "ru") == "Күн"
