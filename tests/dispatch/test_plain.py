"""What an engine says of a machine, as people read it."""

from datetime import UTC, datetime

import pytest

from workbench.dispatch.plain import plain

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (
            "vibration_rms_mm_s 4.60 mm/s is above the limit 4 mm/s, since 2025-12-31 23:30 UTC in 3 readings",
            "is above the limit 4 mm/s, since Thu 1 Jan 2026 00:30 CET in 3 readings.",
        ),
        ("no reading since 2025-06-30 22:10 UTC", "No reading since Tue 1 Jul 2025 00:10 CEST."),
        ("begin it Fri 9 Jan 06:00 UTC", "Begin it Fri 9 Jan 07:00 CET."),
        ("no such day as 2025-13-31 14:00 UTC", "No such day as 2025-13-31 14:00 UTC."),
    ],
)
def test_every_time_that_an_engine_writes_is_told_in_site_time(profile, site, said, read):
    there = plain(said, profile, site.model_copy(update={"time_zone": "Europe/Berlin"}), AT)
    assert there.endswith(read)
    assert "vibration_rms_mm_s" not in there
