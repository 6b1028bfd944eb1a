"""Texts of notices and their short forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dispatch import write_notices
from workbench.dispatch.gsm import _BASIC, _EXTENDED, gsm_text
from workbench.dispatch.texts import DEFAULT_TEXTS, FORMS, short_text, text_faults, worded
from workbench.domain.notices import NoticeKind


def test_every_kind_has_every_text_and_none_is_faulty():
    assert set(DEFAULT_TEXTS) == {(kind, form) for kind in NoticeKind for form in FORMS}
    assert {
        place: text_faults(place[0], text) for place, text in DEFAULT_TEXTS.items() if text_faults(place[0], text)
    } == {}


@pytest.fixture
def written(order_for, predict, profile, site):
    order = order_for(predict(0.6, simulated=True))
    return write_notices(order, profile, site=site, currency="EUR", at=order.created_at)


def test_an_sms_says_the_most_important_first(written):
    technician, manager = written
    assert short_text(technician, "sms") == (
        "SIMULATED: WO-2026-0001 high: Feed pump: bearing wear, pump_001. "
        "Start Mon 5 Jan 2026 09:00 CET, due Thu 8 Jan 2026 09:00 CET."
    )
    assert len(short_text(manager, "sms")) <= 160


def test_wording_again_changes_nothing(written):
    assert [worded(notice) for notice in written] == written


def test_a_notice_without_facts_keeps_what_was_written(written):
    bare = written[0].model_copy(update={"facts": {}, "subject": "Part arrived", "body": "It is there."})
    assert (worded(bare).subject, worded(bare).body) == ("Part arrived", "It is there.")
    assert short_text(bare, "chat") == "SIMULATED: Part arrived\nIt is there."


@given(st.text(max_size=400))
def test_any_text_becomes_one_sms(text):
    made = gsm_text(text)
    assert sum(2 if sign in _EXTENDED else 1 for sign in made) <= 160
    assert set(made) <= _BASIC | _EXTENDED
    assert gsm_text(made) == made


def test_signs_that_take_two_places_are_counted_so():
    assert gsm_text("€" * 80) == "€" * 80
    assert gsm_text("€" * 81) == "€" * 78 + "..."
