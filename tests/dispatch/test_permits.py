"""Permits of one order together: when the work may be done, and what people read of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.dispatch import write_dispatch_report
from workbench.dispatch.notices import write_notices
from workbench.dispatch.permits import permit_lines, permitted_spans, waits_in_words, why_no_time, why_not
from workbench.domain.permits import PermitKind, PermitState, WorkPermit

MONDAY = datetime(2026, 1, 5, 7, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def permit(number=1, kind=PermitKind.HOT_WORK, state=PermitState.REQUESTED, begins=0.0, hours=8.0, **fields):
    start = MONDAY + timedelta(hours=begins)
    known = {"begins": start, "ends": start + timedelta(hours=hours), "granted_by": "Karl Adler"}
    gone = {"withdrawn_at": start + timedelta(hours=hours / 2), "reason": "gas found"}
    values = {
        **(known if state in (PermitState.GRANTED, PermitState.WITHDRAWN) else {}),
        **(gone if state is PermitState.WITHDRAWN else {}),
        **fields,
    }
    return WorkPermit(
        permit_id=f"WO-2026-0001-{kind}-{number}", order_id="order", kind=kind, state=state,
        requested_at=MONDAY, requested_by="olga", **values,
    )  # fmt: skip


def granted(number=1, kind=PermitKind.HOT_WORK, begins=0.0, hours=8.0, **fields):
    return permit(number, kind, PermitState.GRANTED, begins, hours, **fields)


some_permits = st.lists(
    st.builds(
        permit,
        kind=st.sampled_from(list(PermitKind)[:3]),
        state=st.sampled_from(list(PermitState)),
        begins=st.integers(0, 20),
        hours=st.integers(1, 10),
    ),
    max_size=7,
)


@given(some_permits, st.integers(0, 31))
def test_a_moment_is_permitted_where_one_permit_of_each_kind_that_is_needed_holds(permits, hour):
    at = MONDAY + timedelta(hours=hour, minutes=30)
    kinds = {one.kind for one in permits if one.state is not PermitState.NOT_NEEDED}

    def holds(one):
        ends = one.withdrawn_at or one.ends
        return one.state in (PermitState.GRANTED, PermitState.WITHDRAWN) and one.begins <= at < ends

    allowed = all(any(holds(one) for one in permits if one.kind is kind) for kind in kinds)
    spans = permitted_spans(permits)
    assert (spans is None) == (not kinds)
    assert (spans is None or any(start <= at < end for start, end in spans)) == allowed
    assert (why_not(permits, at, at, BERLIN) == "") == allowed


def test_the_tenth_request_of_a_kind_is_newer_than_the_second():
    gone = [permit(number, state=PermitState.WITHDRAWN) for number in range(1, 10)]
    assert waits_in_words([permit(10), *gone], BERLIN) == "waits for the permit: hot work, asked for on Mon 5 Jan 08:00"


def test_why_there_is_no_time_is_said_plainly():
    apart = [granted(), granted(kind=PermitKind.LIFTING, begins=9)]
    asked = {"at": MONDAY, "ready": MONDAY, "minutes": 120, "zone": BERLIN}
    assert why_no_time(apart, **asked) == (
        "its permits for lifting, Mon 5 Jan 17:00 to Tue 6 Jan 01:00; for hot work, Mon 5 Jan 08:00 to 16:00, "
        "have no time in common: have one of them moved"
    )
    assert why_no_time([granted()], **asked) == why_no_time([], **asked) == ""


def test_order_report_and_notice_say_the_permits_in_a_line_each(order_for, analyse, predict, profile, site):
    prediction = predict(0.6)
    order = order_for(prediction)
    permits = (granted(reference="PTW-77"), permit(kind=PermitKind.CONFINED_SPACE))
    lines = permit_lines(permits, ZoneInfo(site.time_zone))
    assert lines == (
        "Permit for hot work: Mon 5 Jan 08:00 to 16:00, PTW-77, granted by Karl Adler.",
        "The work waits for the permit: confined space, asked for on Mon 5 Jan 08:00. Do not work without it.",
    )
    report = write_dispatch_report(
        order, prediction, analyse(prediction), profile, currency="EUR", site=site, permits=permits
    )
    assert set(lines) <= set(report.summary.splitlines())
    notice = write_notices(order, profile, site=site, currency="EUR", at=MONDAY, permits=permits)[0]
    assert all(line in notice.body for line in lines)


@pytest.mark.parametrize(
    "fields",
    [
        {"begins": MONDAY},
        {"begins": MONDAY, "ends": MONDAY, "granted_by": "Eva"},
        {"state": PermitState.GRANTED},
        {"state": PermitState.WITHDRAWN},
    ],
)
def test_a_permit_without_its_period_or_name_is_none(fields):
    with pytest.raises(ValidationError):
        WorkPermit.model_validate({**dict(permit()), **fields})
