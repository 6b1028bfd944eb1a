"""Notices by webhook: real gateways on localhost that are down, busy, refuse, while processes die."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event
from tests.channels.gateway import Gateway
from tests.channels.mailbox import Gate, free_port
from typer.testing import CliRunner

from workbench.cli import commands  # noqa: F401 - registers the commands
from workbench.cli.main import app
from workbench.domain.predictions import Severity
from workbench.domain.work import Priority
from workbench.errors import InputError
from workbench.workflows.doctor import examine
from workbench.workflows.notices import acknowledge_notice, notify_operations, retry_notice, send_notices
from workbench.workspace import Workspace

from .conftest import NOW, go, open_order, site_of, start_sender, states, technician_of, use_webhooks


def tell_operations(ws, count=1, at=NOW):
    for number in range(count):
        notify_operations(
            ws, subject=f"Job {number} failed", body="why", severity=Severity.WARNING, key=f"job-{number}", at=at
        )


def by_webhook(ws, state=None):
    return [notice for notice in ws.notices.all(state) if notice.channel == "webhook"]


@pytest.fixture
def hooked(empty_workspace, gateway, tmp_path):
    shutil.copytree(empty_workspace, tmp_path / "H")
    with Workspace.open(tmp_path / "H") as opened:
        yield opened


def test_each_notice_is_posted_once(hooked, gateway, clock):
    gateway.start()
    tell_operations(hooked, 3)
    assert clock.send(hooked).sent == 3
    assert clock.send(hooked).sent == 0
    assert len(set(gateway.ids())) == len(gateway.ids()) == 3
    assert sorted(gateway.ids()) == sorted(notice.notice_id for notice in by_webhook(hooked))
    assert gateway.posts[0]["text"] == "Job 0 failed\nwhy"


def test_gateway_and_mail_server_down_then_up_each_gets_everything_once(hooked, gateway, mailbox, clock):
    with Workspace.open(hooked.path) as ws:
        tell_operations(ws, 3)
        while clock.now < NOW + timedelta(hours=6):
            problem = clock.send(ws).problem
            assert problem.count("does not answer") + problem.count("did not answer") == 2
            assert states(ws) == {"queued": 6}
            clock.now = max(clock.now, min(notice.next_try_at for notice in ws.notices.outbox()))
        gateway.start()
        mailbox.start()
        clock.now += timedelta(minutes=16)
        assert clock.send(ws).sent == 6
        assert clock.send(ws).sent == 0
        assert len(set(gateway.ids())) == len(gateway.ids()) == 3
        assert len(set(mailbox.ids())) == len(mailbox.ids()) == 3


def test_a_gateway_that_is_down_holds_up_no_mail_and_no_other_gateway(hooked, monkeypatch, mailbox, clock):
    other = Gateway()
    other.start()
    down = f"http://127.0.0.1:{free_port()}/"
    use_webhooks(monkeypatch, chat={"url": down}, other={"url": other.url})
    mailbox.start()
    with Workspace.open(hooked.path) as ws:
        tell_operations(ws, 2)
        report = clock.send(ws)
        assert (report.sent, report.waiting) == (4, 2)
        assert f"chat at {down[7:-1]} does not answer" in report.problem
    other.stop()


def test_a_refusal_fails_alone_is_told_in_the_app_and_can_be_retried(hooked, gateway, clock):
    answers = iter([(422, "no such channel", {}), (200, "", {}), (200, "", {})])
    gateway.answer = lambda: next(answers)
    gateway.start()
    tell_operations(hooked, 2)
    report = clock.send(hooked)
    assert (report.sent, report.failed, report.problem) == (1, 1, "")
    (failed,) = by_webhook(hooked, "failed")
    assert "422 no such channel" in failed.error
    told = [notice for notice in hooked.notices.all() if notice.subject.startswith("Not delivered")]
    assert [(notice.channel, notice.recipient) for notice in told] == [("in_app", "operations:workspace")]
    retry_notice(hooked, failed.notice_id)
    assert clock.send(hooked).sent == 1


def test_a_busy_gateway_is_left_alone_for_as_long_as_it_asks(hooked, gateway, clock):
    gateway.answer = lambda: (429, "", {"Retry-After": "600"})
    gateway.start()
    tell_operations(hooked, 3)
    assert "takes nothing for 600 s" in clock.send(hooked).problem
    assert (len(gateway.requests), clock.now) == (1, NOW), "no retries at once"
    gateway.answer = lambda: (200, "", {})
    clock.now += timedelta(seconds=599)
    assert clock.send(hooked).sent == 0
    clock.now += timedelta(seconds=1)
    assert clock.send(hooked).sent == 3


def test_a_gateway_that_always_says_later_is_given_up_after_three_days(hooked, gateway, clock):
    gateway.answer = lambda: (409, "busy", {})
    gateway.start()
    tell_operations(hooked)
    tries = 0
    while not by_webhook(hooked, "failed"):
        clock.send(hooked)
        tries += 1
        clock.now += timedelta(hours=2)
    assert timedelta(days=3) <= clock.now - NOW < timedelta(days=3, hours=4)
    assert len(gateway.requests) == tries
    (failed,) = by_webhook(hooked)
    told = [notice for notice in hooked.notices.all() if notice.subject.startswith("Not delivered")]
    assert len(told) == 1
    assert failed.notice_id in told[0].body


@pytest.mark.parametrize("taken", [True, False])
def test_a_process_killed_while_posting_repeats_at_most_the_notice_in_hand(hooked, gateway, taken):
    gate = Gate()

    def answer():
        if len(gateway.requests) == 2:
            gate()
            return (200, "", {}) if taken else None
        return (200, "", {})

    gateway.answer = answer
    gateway.start()
    tell_operations(hooked, 4)
    process = start_sender(hooked)
    go(process)
    assert gate.reached.wait(30)
    process.kill()
    process.wait()
    gate.open.set()
    assert states(hooked) == {"sent": 1, "sending": 1, "queued": 2}
    assert send_notices(hooked).sent == 3
    assert states(hooked) == {"sent": 4}
    posted = Counter(gateway.ids())
    assert len(posted) == 4
    assert sum(posted.values()) == 4 + taken, "the repeat has the same key"


def _send_and_die(path, clock, number, *, after):
    """Send in a process that is killed before, or ``after``, its write ``number``; say whether it came to its end."""
    process = os.fork()
    if not process:
        try:
            with Workspace.open(path) as ws:
                writes = [0]

                def die(*_):
                    os.kill(os.getpid(), signal.SIGKILL)

                def count(*_):
                    writes[0] += 1
                    if writes[0] == number:
                        die() if not after else event.listen(ws.database.engine.pool, "checkin", die)

                event.listen(ws.database.engine, "commit", count)
                clock.send(ws, executor_id="dead")
        finally:
            os._exit(0)
    return os.waitpid(process, 0)[1] == 0


@pytest.mark.parametrize("after", [False, True])
def test_killed_between_any_two_steps_nothing_is_lost_and_one_at_most_repeated(
    plant, gateway, mailbox, clock, tmp_path, after
):
    gateway.start()
    mailbox.start()
    with Workspace.open(plant.path) as ws:
        open_order(ws)
    clock.now += timedelta(minutes=31)
    repeats = []
    ended = False
    while not ended:
        number = len(repeats) + 1
        gateway.posts.clear()
        mailbox.messages.clear()
        copied = shutil.copytree(plant.path, tmp_path / f"copy-{number}")
        ended = _send_and_die(copied, clock, number, after=after)
        with Workspace.open(copied) as ws:
            clock.send(ws)
            assert states(ws) == {"sent": 6}
            escalated = [n.recipient for n in ws.notices.all() if n.kind == "escalation" and n.channel == "in_app"]
            assert escalated == [f"manager:{site_of(ws).site_id}"]
        for taken in (gateway.ids(), mailbox.ids()):
            assert len(set(taken)) == 3
        repeats.append(len(gateway.ids()) + len(mailbox.ids()) - 6)
    assert len(repeats) > 12
    assert set(repeats) == ({0} if after else {0, 1})


def test_an_sms_goes_to_those_with_a_phone_and_fits(plant, gateway, monkeypatch, clock):
    gateway.start()
    form = {"url": gateway.url, "form": "sms", "payload": {"to": "$to", "text": "$text"}}
    use_webhooks(monkeypatch, sms={**form, "recipients": ["technician:*"], "least_severity": "critical"})
    with Workspace.open(plant.path) as ws:
        open_order(ws, title="Żuraw: " + "bearing wear " * 30)
        open_order(ws, number=2, priority=Priority.HIGH)
        without = technician_of(ws).model_copy(update={"phone": ""})
        ws.technicians.put(without, ws.change("a test"))
        open_order(ws, number=3)
        clock.send(ws)
    ((_, _, body),) = gateway.requests
    posted = json.loads(body)
    assert posted["to"] == "+49170123456"
    assert posted["text"].startswith("WO-2026-0001 emergency: Zuraw: bearing wear")
    assert len(posted["text"]) <= 160


def test_settings_that_do_not_work_are_told_and_nothing_is_lost(hooked, gateway, monkeypatch, clock):
    gateway.start()
    tell_operations(hooked)
    monkeypatch.setenv("WORKBENCH_WEBHOOK_CHAT_TOKEN", "T0p\nsecret")
    report = clock.send(hooked)
    assert "WORKBENCH_WEBHOOK_CHAT_TOKEN" in report.problem
    found = {finding.check: finding for finding in examine(hooked.path)}["webhook chat"]
    assert (found.state, "WORKBENCH_WEBHOOK_CHAT_TOKEN" in found.found) == ("broken", True)
    monkeypatch.delenv("WORKBENCH_WEBHOOK_CHAT_TOKEN")
    assert {finding.check: finding.state for finding in examine(hooked.path)}["webhook chat"] == "ok"
    assert gateway.requests == [], "the doctor sends nothing"
    assert clock.send(hooked, early=True).sent == 1
    assert not any("T0p" in str(entry) for entry in hooked.notices.all())


def test_the_doctor_says_when_nobody_has_a_phone(hooked, monkeypatch):
    use_webhooks(monkeypatch, sms={"url": "https://gateway.example/", "form": "sms"})
    findings = {finding.check: finding for finding in examine(hooked.path)}
    assert "nobody has a phone number" in findings["webhook sms"].found
    monkeypatch.setenv("WORKBENCH_OPERATIONS_PHONE", "+4930123456")
    assert {finding.check: finding.state for finding in examine(hooked.path)}["webhook sms"] == "ok"


def test_a_clock_that_goes_back_sends_nothing_twice_and_holds_nothing_up_for_long(hooked, gateway, clock):
    gateway.start()
    clock.now = NOW + timedelta(days=400)
    tell_operations(hooked, 2, clock.now)
    assert clock.send(hooked).sent == 2
    gateway.answer = lambda: (500, "", {})
    notify_operations(hooked, subject="Third", body="", severity=Severity.WARNING, key="third", at=clock.now)
    assert clock.send(hooked).sent == 0
    clock.now = NOW
    gateway.answer = lambda: (200, "", {})
    clock.breakers.clear()
    assert clock.send(hooked).sent == 1
    assert clock.send(hooked).sent == 0
    assert max(Counter(gateway.ids()).values()) == 1


def test_who_is_sending_while_the_clock_goes_back_gets_its_time(hooked, gateway, clock):
    gateway.start()
    tell_operations(hooked)
    (notice,) = hooked.notices.outbox()
    begun = {"state": "sending", "attempts": 1, "next_try_at": NOW + timedelta(days=400)}
    claimed = hooked.notices.replace(notice, hooked.change("a test"), **begun)
    assert clock.send(hooked).sent == 0
    assert hooked.notices.get(notice.notice_id).next_try_at == NOW + timedelta(minutes=10)
    settled = hooked.notices.settle(claimed, hooked.change("a test"), state="sent", next_try_at=None)
    assert settled is not None, "its owner still has it"
    clock.now += timedelta(minutes=11)
    assert clock.send(hooked).sent == 0


def test_a_webhook_that_is_no_longer_set_leaves_its_notices(hooked, monkeypatch, mailbox, clock):
    tell_operations(hooked)
    use_webhooks(monkeypatch)
    with Workspace.open(hooked.path) as ws:
        assert clock.send(ws).sent == 0
        assert states(ws) == {"queued": 1}


def test_the_command_line_lists_sends_and_acknowledges(hooked, gateway):
    gateway.start()
    tell_operations(hooked)
    shell = CliRunner()
    place = ["-w", str(hooked.path), "notices"]
    assert shell.invoke(app, [*place, "send"]).stdout == "1 notice sent, 0 failed, 0 waiting\n"
    told = next(notice for notice in hooked.notices.all() if notice.channel == "in_app")
    assert "Acknowledged" in shell.invoke(app, [*place, "ack", told.notice_id]).stdout
    listed = shell.invoke(app, [*place, "list"]).stdout
    assert " chat " in listed
    assert "acknowledged" in listed
    assert acknowledge_notice(hooked, told.notice_id).acknowledged_by == hooked.actor.id


def test_without_any_channel_sending_by_hand_says_what_to_set(hooked, monkeypatch):
    use_webhooks(monkeypatch)
    done = CliRunner().invoke(app, ["-w", str(hooked.path), "notices", "send"])
    assert isinstance(done.exception, InputError)
    assert "webhooks" in str(done.exception)
