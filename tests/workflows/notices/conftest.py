"""A workspace with a mail server, gateways on localhost, and a clock that goes as it is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from tests.channels.gateway import Gateway
from tests.channels.mailbox import Mailbox

from workbench.channels import CircuitBreaker
from workbench.dispatch import write_notices
from workbench.dispatch.notices import by_email
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.domain.work import OrderState, Priority, WorkOrder
from workbench.workflows.notices import put, send_notices
from workbench.workflows.onboard import add_catalogue
from workbench.workspace import Workspace

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
MACHINE = "pump_grundfos_cr3_004"
# A process that sends as a worker does: it holds a lock under its id as long as it lives.
SENDER = """
import fcntl, sys
from pathlib import Path
from workbench.workspace import Workspace
from workbench.workflows.notices import send_notices
name = sys.argv[2]
with Workspace.open(sys.argv[1]) as ws:
    folder = ws.path / "data" / "workers"
    folder.mkdir(exist_ok=True)
    handle = (folder / f"{name}.lock").open("a+")
    fcntl.flock(handle, fcntl.LOCK_EX)
    print("ready", flush=True)
    sys.stdin.readline()
    print(send_notices(ws, executor_id=name).sent, flush=True)
"""


@pytest.fixture
def mailbox(monkeypatch):
    server = Mailbox()
    settings = {"HOST": "127.0.0.1", "PORT": str(server.port), "SECURITY": "none"}
    for name, value in settings.items():
        monkeypatch.setenv(f"WORKBENCH_SMTP_{name}", value)
    monkeypatch.setenv("WORKBENCH_EMAIL_SENDER", "workbench@plant.example")
    monkeypatch.setenv("WORKBENCH_OPERATIONS_EMAIL", "operations@plant.example")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def empty_workspace(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "W"
    Workspace.init(path).close()
    return path


@pytest.fixture
def ws(empty_workspace, mailbox, tmp_path):
    shutil.copytree(empty_workspace, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def any_ws(request, mailbox, tmp_path, monkeypatch):
    if request.param == "sqlite":
        yield request.getfixturevalue("ws")
        return
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", request.getfixturevalue("fresh_postgres_url"))
    with Workspace.init(tmp_path / "W") as made:
        yield made


@pytest.fixture
def gateway(monkeypatch):
    """A gateway that the settings name as the webhook "chat"; the mail server is not set."""
    server = Gateway()
    use_webhooks(monkeypatch, chat={"url": server.url, "form": "chat"})
    yield server
    server.stop()


def use_webhooks(monkeypatch, **webhooks):
    monkeypatch.setenv("WORKBENCH_WEBHOOKS", json.dumps(webhooks))


class Clock:
    """Time that passes only when somebody sleeps, or is told to."""

    def __init__(self):
        self.now = NOW
        self.breakers = defaultdict(lambda: CircuitBreaker(clock=lambda: self.now.timestamp()))

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)

    def send(self, ws, **options):
        return send_notices(ws, now=self.now, breakers=self.breakers, sleep=self.sleep, **options)


@pytest.fixture
def clock():
    return Clock()


def queue(ws, count=1, **fields):
    """Put e-mails into the outbox; return their ids in the order of sending."""
    ids = []
    for number in range(count):
        name = f"tech_{number}"
        known = {
            "notice_id": f"notice-{number:03}",
            "recipient": f"technician:{name}",
            "severity": Severity.WARNING,
            "subject": f"WO-2026-{number:04}",
            "body": "You are assigned.",
            "created_at": NOW + timedelta(seconds=number),
        }
        notice = by_email(Notice.model_validate({**known, **fields}), f"{name}@plant.example")
        put(ws, notice, ws.change("a test"))
        ids.append(notice.notice_id)
    return ids


def states(ws):
    """How many notices that lead outside are in each state."""
    return Counter(notice.state for notice in ws.notices.all() if notice.channel != "in_app")


def start_sender(ws, name="worker-1"):
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, ws.path, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture(scope="session")
def plant_workspace(tmp_path_factory):
    path = tmp_path_factory.mktemp("plant") / "W"
    with Workspace.init(path) as made:
        add_catalogue(made, only=[MACHINE])
        for site in made.sites.all():
            named = {"manager_email": f"manager@{site.site_id}.example", "manager_phone": "+4930123456"}
            made.sites.put(site.model_copy(update=named), made.change("a test"))
        for person in made.technicians.all():
            named = {"email": f"{person.technician_id}@plant.example", "phone": "+49170123456"}
            made.technicians.put(person.model_copy(update=named), made.change("a test"))
    return path


@pytest.fixture
def plant(plant_workspace, tmp_path, gateway):
    """A workspace with a machine, its site and its people; everybody has an address."""
    shutil.copytree(plant_workspace, tmp_path / "P")
    with Workspace.open(tmp_path / "P") as opened:
        yield opened


def site_of(ws):
    return ws.sites.get(ws.machines.get(MACHINE).site_id)


def technician_of(ws):
    return next(t for t in ws.technicians.all() if t.site_id == site_of(ws).site_id)


def open_order(ws, at=NOW, *, priority=Priority.EMERGENCY, tell=True, number=1, **fields):
    """Open an order for the machine and tell technician and manager of it at ``at``."""
    person = technician_of(ws)
    order = WorkOrder.model_validate(
        {
            "order_id": f"order-{number}",
            "number": f"WO-2026-{number:04}",
            "machine_id": MACHINE,
            "failure_mode": f"mode_{number}",
            "title": "Feed pump: bearing wear",
            "priority": priority,
            "state": OrderState.SCHEDULED,
            "created_at": at,
            "due_at": at + timedelta(hours=8),
            "technician_id": person.technician_id,
            "technician_reason": f"{person.title}: on shift",
            "steps": ("Look at it.",),
            "labour_h": 2.0,
            "estimated_cost": 61_000,
            **fields,
        }
    )
    change = ws.change("a test").model_copy(update={"at": at})
    order, _ = ws.orders.open_or_support(order, change)
    if tell:
        tell_of(ws, order, at)
    return order


def tell_of(ws, order, at, *, more_urgent=False):
    change = ws.change("a test").model_copy(update={"at": at})
    written = write_notices(
        order, ws.machines.get(MACHINE), site=site_of(ws), currency="EUR", at=at, more_urgent=more_urgent
    )
    return [copy for notice in written for copy in put(ws, notice, change)]
