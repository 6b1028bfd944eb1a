"""Notices on their way: the outbox over a real mail server that is down, refuses, hangs, while processes die."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from tests.channels.mailbox import Gate
from typer.testing import CliRunner

from workbench.channels import mail
from workbench.cli import commands  # noqa: F401 - registers the commands
from workbench.cli.main import app
from workbench.domain.predictions import Severity
from workbench.errors import InputError
from workbench.workflows.notices import (
    notify_operations,
    retry_notice,
    send_notices,
    send_without_worker,
)
from workbench.workflows.notices import send as sending
from workbench.workflows.notices.write import tell_in_app
from workbench.workspace import Workspace

from .conftest import NOW, go, open_order, queue, site_of, start_sender, states, technician_of


def test_each_notice_is_sent_once(ws, mailbox, clock):
    mailbox.start()
    queue(ws, 3)
    assert clock.send(ws).sent == 3
    assert clock.send(ws).sent == 0
    assert sorted(mailbox.recipients) == [f"tech_{n}@plant.example" for n in range(3)]
    assert len(set(mailbox.ids())) == 3
    assert mailbox.commands["EHLO"] == 1, "one connection serves all"
    assert {(n.state, n.sent_at, n.attempts) for n in ws.notices.all()} == {("sent", NOW, 1)}


def test_without_a_mail_server_nothing_happens(ws, monkeypatch, clock):
    queue(ws)
    monkeypatch.setenv("WORKBENCH_SMTP_HOST", "")
    with Workspace.open(ws.path) as opened:
        assert clock.send(opened) == type(clock.send(opened))()
    assert states(ws) == {"queued": 1}


def test_a_server_that_was_down_all_day_gets_everything_once(ws, mailbox, clock):
    queue(ws, 4)
    rounds = 0
    while clock.now < NOW + timedelta(days=1):
        assert clock.send(ws).problem
        rounds += 1
        clock.now = max(clock.now, min(notice.next_try_at for notice in ws.notices.outbox()))
    assert states(ws) == {"queued": 4}
    assert all("does not answer" in notice.error for notice in ws.notices.all())
    assert rounds < 110, "it is tried less and less often"
    mailbox.start()
    clock.now += timedelta(minutes=16)
    assert clock.send(ws).sent == 4
    assert len(set(mailbox.ids())) == len(mailbox.ids()) == 4
    assert {(notice.state, notice.error) for notice in ws.notices.all()} == {("sent", "")}


def test_one_try_is_four_attempts_and_the_breaker_then_spares_the_server(ws, mailbox, clock):
    queue(ws)
    assert "does not answer" in clock.send(ws).problem
    assert clock.now == NOW + timedelta(seconds=7)
    assert clock.send(ws, early=True).waiting == 1
    later = clock.now
    report = clock.send(ws, early=True)
    assert "left alone for 60 s" in report.problem
    assert clock.now == later, "nobody waits for an open breaker"
    (notice,) = ws.notices.outbox()
    assert notice.state == "queued"
    assert notice.next_try_at >= clock.now + timedelta(seconds=60)
    mailbox.start()
    assert clock.send(ws).sent == 0
    clock.now = notice.next_try_at
    assert clock.send(ws).sent == 1


def test_a_refused_recipient_fails_alone(ws, mailbox, clock):
    mailbox.refuse = {"tech_0@plant.example": "550 no such user", "tech_1@plant.example": "450 come back"}
    mailbox.start()
    refused, deferred, _ = queue(ws, 3)
    report = clock.send(ws)
    assert (report.sent, report.failed, report.waiting, report.problem) == (1, 1, 1, "")
    assert ws.notices.get(refused).state == "failed"
    assert "550 no such user" in ws.notices.get(refused).error
    assert ws.notices.get(deferred).state == "queued"
    assert ws.notices.get(deferred).next_try_at == NOW + timedelta(minutes=1)
    mailbox.refuse = {}
    clock.now += timedelta(minutes=1)
    assert clock.send(ws).sent == 1
    retry_notice(ws, refused)
    assert clock.send(ws).sent == 1
    assert states(ws) == {"sent": 3}


def test_an_address_that_is_none_fails_alone(ws, mailbox, clock):
    mailbox.start()
    queue(ws, 2)
    first = ws.notices.outbox()[0]
    ws.notices.replace(first, ws.change("a test"), address="nobody\nBcc: all@plant.example")
    assert clock.send(ws).failed == 1
    assert states(ws) == {"sent": 1, "failed": 1}
    assert len(mailbox.messages) == 1


def test_a_message_that_breaks_the_connection_holds_up_no_other_for_ever(ws, mailbox, clock):
    mailbox.at["RCPT"] = lambda: "421 cannot" if mailbox.commands["RCPT"] <= 4 else None
    mailbox.start()
    queue(ws, 3)
    assert clock.send(ws).sent == 0
    clock.now += timedelta(minutes=5)
    assert clock.send(ws).sent == 3


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("WORKBENCH_EMAIL_SENDER", "", "email_sender"),
        ("WORKBENCH_SMTP_SECURITY", "starttls", "does not offer STARTTLS"),
        ("WORKBENCH_SMTP_USER", "plant", "WORKBENCH_SMTP_PASSWORD"),
    ],
)
def test_settings_that_do_not_work_are_told_and_nothing_is_lost(
    ws, mailbox, monkeypatch, clock, variable, value, named
):
    mailbox.start()
    queue(ws, 2)
    monkeypatch.setenv(variable, value)
    with Workspace.open(ws.path) as wrong:
        report = clock.send(wrong)
    assert named in report.problem
    assert clock.now == NOW, "to try again at once would change nothing"
    assert states(ws) == {"queued": 2}
    assert all(named in notice.error for notice in ws.notices.all())
    assert clock.send(ws, early=True).sent == 2


@pytest.mark.parametrize(("where", "repeats"), [("EHLO", 0), ("MAIL", 0), ("DATA", 1)])
def test_a_process_killed_while_sending_repeats_at_most_the_message_in_hand(ws, mailbox, where, repeats):
    gate = Gate()
    mailbox.at[where] = lambda: gate() if mailbox.commands[where] == (1 if where == "EHLO" else 3) else None
    mailbox.start()
    queue(ws, 5)
    process = start_sender(ws)
    go(process)
    assert gate.reached.wait(30)
    process.kill()
    process.wait()
    gate.open.set()
    in_hand = [notice for notice in ws.notices.all() if notice.state == "sending"]
    assert len(in_hand) == (0 if where == "EHLO" else 1)
    assert send_notices(ws).sent == {"EHLO": 5, "MAIL": 3, "DATA": 3}[where]
    assert states(ws) == {"sent": 5}
    taken = Counter(mailbox.ids())
    assert len(taken) == 5
    assert sum(taken.values()) == 5 + repeats
    assert max(taken.values()) == 1 + repeats


def test_what_a_living_process_sends_is_left_to_it(ws, mailbox):
    gate = Gate()
    mailbox.at["DATA"] = gate
    mailbox.start()
    queue(ws)
    process = start_sender(ws)
    go(process)
    assert gate.reached.wait(30)
    assert send_notices(ws, executor_id="worker-2").sent == 0
    gate.open.set()
    assert process.communicate(timeout=30)[0] == "1\n"
    assert len(mailbox.messages) == 1


def test_a_worker_that_is_told_to_stop_finishes_the_message_in_hand_and_leaves_the_rest(ws, mailbox):
    gate = Gate()
    mailbox.at["DATA"] = gate
    mailbox.start()
    queue(ws, 3)
    with subprocess.Popen([Path(sys.executable).with_name("workbench"), "-w", ws.path, "worker"]) as worker:
        try:
            assert gate.reached.wait(60)
            worker.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                worker.wait(1)
            gate.open.set()
            assert worker.wait(30) == 0
        finally:
            gate.open.set()
            worker.kill()
    assert states(ws) == {"sent": 1, "queued": 2}


def test_a_server_that_never_answers_does_not_hold_up_a_command(ws, monkeypatch):
    monkeypatch.setattr(mail, "CONNECT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(sending, "BY_THE_WAY_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WORKBENCH_SMTP_PORT", str(silent.getsockname()[1]))
        with Workspace.open(ws.path) as opened:
            queue(opened, 2)
            begun = time.monotonic()
            report = send_without_worker(opened)
    assert time.monotonic() - begun < 2
    assert (report.sent, report.waiting) == (0, 2)
    assert "timed out" in report.problem
    assert states(ws) == {"queued": 2}


def test_a_slow_server_does_not_hold_up_a_command(ws, mailbox, monkeypatch):
    monkeypatch.setattr(sending, "BY_THE_WAY_S", 0.0)
    mailbox.start()
    queue(ws, 3)
    report = send_without_worker(ws)
    assert (report.sent, report.waiting) == (1, 2)
    assert "workbench notices send" in report.problem


def test_a_nameless_process_is_given_ten_minutes(ws, mailbox, clock):
    mailbox.start()
    queue(ws)
    (notice,) = ws.notices.outbox()
    begun = {"state": "sending", "attempts": 1, "next_try_at": NOW + timedelta(minutes=10)}
    ws.notices.replace(notice, ws.change("a test"), **begun)
    assert clock.send(ws, early=True).sent == 0
    clock.now += timedelta(minutes=10)
    assert clock.send(ws).sent == 1


def test_two_processes_never_send_the_same_notice(any_ws, mailbox):
    mailbox.start()
    queue(any_ws, 20)
    both = [start_sender(any_ws, name) for name in ("worker-1", "worker-2")]
    for process in both:
        go(process)
    sent = [int(process.communicate(timeout=60)[0]) for process in both]
    assert sum(sent) == len(mailbox.ids()) == len(set(mailbox.ids())) == 20
    assert states(any_ws) == {"sent": 20}


def test_a_sent_notice_is_not_sent_again_by_hand(ws, mailbox, clock):
    mailbox.start()
    (notice_id,) = queue(ws)
    clock.send(ws)
    with pytest.raises(InputError, match="is sent"):
        retry_notice(ws, notice_id)


def test_operations_are_told_once_in_the_app_and_by_mail(ws, mailbox, clock):
    mailbox.start()
    for _ in range(2):
        notify_operations(ws, subject="Report failed", body="why", severity=Severity.WARNING, key="report-1", at=NOW)
    assert Counter((n.channel, n.recipient, n.state) for n in ws.notices.all()) == {
        ("in_app", "operations:workspace", "sent"): 1,
        ("email", "operations:workspace", "queued"): 1,
    }
    clock.send(ws)
    assert mailbox.recipients == ["operations@plant.example"]


def test_what_a_simulated_workspace_tells_operations_is_marked_in_every_channel(ws, mailbox, clock, monkeypatch):
    mailbox.start()
    monkeypatch.setenv("WORKBENCH_SIMULATED", "true")
    with Workspace.open(ws.path) as twin:
        notify_operations(twin, subject="Report failed", body="", severity=Severity.WARNING, key="report-1", at=NOW)
        change = twin.change("a test")
        tell_in_app(twin, subject="Mail server is down", body="since 8", key="mail", change=change)
        assert {(n.subject, n.simulated) for n in twin.notices.all()} == {
            ("SIMULATED: Report failed", True),
            ("SIMULATED: Mail server is down", True),
        }
        clock.send(twin)
    assert "SIMULATED" in mailbox.messages[0]["Subject"]


def test_people_are_written_to_where_they_have_an_address(plant, mailbox, clock):
    mailbox.start()
    without = technician_of(plant)
    with Workspace.open(plant.path) as ws:
        open_order(ws)
        ws.technicians.put(without.model_copy(update={"email": ""}), ws.change("a test"))
        open_order(ws, number=2)
        open_order(ws, number=3, technician_id=None)
        assert "chat" in clock.send(ws).problem
    manager = site_of(plant).manager_email
    assert sorted(mailbox.recipients) == sorted([without.email, *[manager] * 3])


def test_the_command_line_lists_sends_and_retries(ws, mailbox):
    mailbox.refuse = {"tech_0@plant.example": "550 no such user"}
    mailbox.start()
    refused, _ = queue(ws, 2)
    shell = CliRunner()
    place = ["-w", str(ws.path), "notices"]
    assert shell.invoke(app, [*place, "send"]).stdout == "1 notice sent, 1 failed, 0 waiting\n"
    failed = json.loads(shell.invoke(app, [*place, "list", "--state", "failed", "--json"]).stdout)["notices"]
    assert [(notice["notice_id"], "no such user" in notice["error"]) for notice in failed] == [(refused, True)]
    mailbox.refuse = {}
    assert "tech_0@plant.example" in shell.invoke(app, [*place, "retry", refused]).stdout
    assert shell.invoke(app, [*place, "send"]).stdout == "1 notice sent, 0 failed, 0 waiting\n"
    listed = shell.invoke(app, [*place, "list"]).stdout
    assert [line.split()[-1] for line in listed.splitlines() if "tech_" in line] == ["1", "1"]


def test_a_mail_server_that_is_not_set_is_said(ws, monkeypatch):
    monkeypatch.setenv("WORKBENCH_SMTP_HOST", "")
    done = CliRunner().invoke(app, ["-w", str(ws.path), "notices", "send"])
    assert isinstance(done.exception, InputError)
    assert "smtp_host" in str(done.exception)
