"""Who is told about an order."""

from datetime import timedelta

from workbench.dispatch import write_notices
from workbench.dispatch.cases import cases_from
from workbench.dispatch.notices import cases_found
from workbench.domain.predictions import Severity
from workbench.domain.work import Priority


def notices_of(order, profile, site, **options):
    return write_notices(order, profile, site=site, currency="EUR", at=order.created_at, **options)


def test_technician_and_manager_are_told(order_for, predict, profile, site):
    technician, manager = notices_of(order_for(predict(0.6)), profile, site)
    assert (technician.recipient, manager.recipient) == ("technician:tech_one", "manager:berlin")
    assert technician.subject == "WO-2026-0001 (high): Feed pump: bearing wear"
    assert "Start Mon 5 Jan 2026 09:00 CET" in technician.body
    assert "bearing puller" in technician.body
    assert "Assigned to Alex One: qualified for pumps (level 4)" in manager.body
    assert "Estimated cost 610.00 EUR." in manager.body
    assert technician.state == "queued"


def test_manager_is_asked_for_parts_and_for_somebody(order_for, predict, profile, site):
    (manager,) = notices_of(order_for(predict(0.6), available=0, technicians=[]), profile, site)
    assert "Not assigned: nobody in the records" in manager.body
    assert "Parts to order: 2 x Bearing kit. Where no purchase is on its way, propose one" in manager.body
    assert "workbench purchases propose bearing_kit" in manager.body


def test_writing_again_tells_nobody_twice(order_for, predict, profile, site):
    first = notices_of(order_for(predict(0.6)), profile, site)
    again = notices_of(order_for(predict(0.6)), profile, site)
    assert [notice.notice_id for notice in first] == [notice.notice_id for notice in again]
    assert len({notice.notice_id for notice in first}) == 2


def test_urgent_order_is_a_critical_notice(order_for, predict, profile, site, crossing):
    urgent = order_for(predict(0.6, limit_crossings=[crossing()], simulated=True))
    technician, _ = notices_of(urgent, profile, site)
    assert technician.severity is Severity.CRITICAL
    assert technician.subject.startswith("SIMULATED: ")


def test_more_urgency_is_news_once_for_each_priority(order_for, predict, profile, site):
    order = order_for(predict(0.6))
    first = notices_of(order, profile, site)
    worse = order.model_copy(update={"priority": Priority.URGENT})
    news = notices_of(worse, profile, site, more_urgent=True)
    assert [notice.subject for notice in news] == ["More urgent: WO-2026-0001 (urgent): Feed pump: bearing wear"] * 2
    assert len({notice.notice_id for notice in (*first, *news)}) == 4
    assert [n.notice_id for n in notices_of(worse, profile, site, more_urgent=True)] == [n.notice_id for n in news]


def test_nobody_yet_is_no_reason(order_for, predict, profile, site):
    order = order_for(predict(0.6)).model_copy(update={"technician_id": None, "technician_reason": ""})
    (manager,) = notices_of(order, profile, site)
    assert "Not assigned yet. Please assign somebody." in manager.body


def test_what_a_plan_deferred_says_why_and_asks_for_nobody(order_for, predict, profile, site):
    why = "no room within these days: more urgent work comes first"
    order = order_for(predict(0.6)).model_copy(update={"technician_id": None, "technician_reason": why})
    (manager,) = notices_of(order, profile, site)
    assert f"Not assigned: {why}. If it cannot wait, assign it by hand." in manager.body
    assert "Please assign" not in manager.body


def test_the_manager_reads_why_and_that_the_work_comes_late(order_for, analyse, profile, site, predict):
    prediction = predict(0.9)
    package = analyse(prediction)
    order = order_for(prediction)
    late = order.model_copy(update={"scheduled_at": order.due_at + timedelta(hours=7)})
    manager = notices_of(late, profile, site, package=package)[-1]
    assert "Why: The expected cost of failing within 7 days" in manager.body
    assert ", after it is due, " in manager.body
    without = notices_of(order, profile, site)[-1]
    assert "Why" not in without.body
    assert "\n\n" not in without.body


def test_a_case_is_told_in_words_and_times_of_the_site(profile, site, predict, crossing):
    cases = [(case, profile) for case in cases_from(predict(0.1, limit_crossings=[crossing()]))]
    told = cases_found("manager:works", site, cases, at=cases[0][0].opened_at, simulated=False).body
    assert "vibration_rms_mm_s" not in told
    assert "UTC" not in told
    assert "CET" in told
