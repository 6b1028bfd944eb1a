"""Times on site: in sentences that engines wrote in UTC, in tables, over sites in several zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dispatch.plain import in_site_time
from workbench.domain.equipment import Site
from workbench.reports.content.site_time import site_clock, site_moment, zones_in_words

AT = datetime(2026, 1, 1, tzinfo=UTC)


def site(name: str, zone: str) -> Site:
    return Site(site_id=name, title=name.title(), time_zone=zone, latitude=0, longitude=0)


BERLIN, WARSAW, PORTO = site("berlin", "Europe/Berlin"), site("warsaw", "Europe/Warsaw"), site("porto", "Europe/Lisbon")


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("best Fri 9 Jan 06:00 UTC, else", "best Fri 9 Jan 07:00 CET, else"),
        ("on 31 Dec 2025 23:30 UTC.", "on Thu 1 Jan 2026 00:30 CET."),
        # A time without a year is the nearest one.
        ("since Wed 31 Dec 23:30 UTC", "since Thu 1 Jan 00:30 CET"),
        ("on Wed 1 Jul 06:00 UTC", "on Wed 1 Jul 08:00 CEST"),
        ("29 Feb 06:00 UTC is no day of these years", "29 Feb 06:00 UTC is no day of these years"),
        ("no time at all", "no time at all"),
    ],
)
def test_times_within_a_sentence_are_told_in_site_time(said, there):
    assert in_site_time(said, BERLIN, AT) == there


@given(st.integers(-200_000, 200_000), st.sampled_from(["Asia/Kolkata", "America/Denver"]))
def test_a_sentence_names_the_same_moment_in_any_zone(minutes, zone):
    at = AT + timedelta(minutes=minutes)
    told = in_site_time(f"{at:%a} {at.day} {at:%b %H:%M} UTC", site("there", zone), AT)
    local = at.astimezone(ZoneInfo(zone))
    assert told == f"{local:%a} {local.day} {local:%b %H:%M} {local:%Z}"


def test_a_table_says_once_which_clocks_it_means():
    assert zones_in_words([BERLIN, WARSAW, BERLIN], AT) == "CET (Europe/Berlin, Europe/Warsaw)"
    assert zones_in_words([BERLIN, PORTO], AT) == "Berlin CET (Europe/Berlin); Porto WET (Europe/Lisbon)"
    assert zones_in_words([], AT) == "UTC"
    assert site_clock(AT + timedelta(hours=5), BERLIN) == "Thu 1 Jan 06:00"
    assert site_moment(AT, None) == "Thu 1 Jan 2026 00:00 UTC"
