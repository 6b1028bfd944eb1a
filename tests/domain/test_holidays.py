"""Public holidays by rule, against dates as the countries publish them."""

from __future__ import annotations

from datetime import date

import pytest
from dateutil.easter import easter

from workbench.domain.equipment import Site
from workbench.domain.holidays import HOLIDAY_CALENDARS, easter_sunday, public_holidays


def test_easter_is_where_others_compute_it():
    assert [easter_sunday(year) for year in range(1900, 2200)] == [easter(year) for year in range(1900, 2200)]


@pytest.mark.parametrize(
    ("calendar", "year", "days"),
    [
        ("DE-HB", 2025, "1-1 4-18 4-21 5-1 5-29 6-9 10-3 10-31 12-25 12-26"),
        ("DE-HB", 2026, "1-1 4-3 4-6 5-1 5-14 5-25 10-3 10-31 12-25 12-26"),
        ("PL", 2024, "1-1 1-6 3-31 4-1 5-1 5-3 5-19 5-30 8-15 11-1 11-11 12-25 12-26"),
        ("PL", 2026, "1-1 1-6 4-5 4-6 5-1 5-3 5-24 6-4 8-15 11-1 11-11 12-24 12-25 12-26"),
        ("PT-13", 2026, "1-1 4-3 4-5 4-25 5-1 6-4 6-10 6-24 8-15 10-5 11-1 12-1 12-8 12-25"),
        ("ES-AN", 2026, "1-1 1-6 2-28 4-2 4-3 5-1 8-15 10-12 11-2 12-7 12-8 12-25"),
        ("ES-AN", 2027, "1-1 1-6 3-1 3-25 3-26 5-1 8-16 10-12 11-1 12-6 12-8 12-25"),
    ],
)
def test_holidays_are_those_that_are_published(calendar, year, days):
    expected = [date(year, *map(int, day.split("-"))) for day in days.split()]
    assert sorted(public_holidays(calendar, year)) == expected


def test_a_site_without_a_calendar_has_no_holidays_and_an_unknown_one_is_refused():
    site = {"site_id": "mill", "title": "Mill", "time_zone": "UTC", "latitude": 0, "longitude": 0}
    assert not public_holidays(Site(**site).holidays, 2026)
    with pytest.raises(ValueError, match="there is no calendar 'DE-XX', only DE, DE-HB"):
        Site(**site, holidays="DE-XX")
    assert {Site(**site, holidays=name).holidays for name in HOLIDAY_CALENDARS} == set(HOLIDAY_CALENDARS)
