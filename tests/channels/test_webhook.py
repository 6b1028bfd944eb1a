"""Webhooks: what is posted, and what real gateways on localhost do with it."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.channels.gateway import Gateway as Server

from workbench.channels import (
    Gateway,
    MessageDeferred,
    MessageRefused,
    ServerBusy,
    ServerFailure,
    ServerRefusal,
    WebhookSession,
)
from workbench.channels.webhook import payload
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.domain.webhooks import Webhook
from workbench.errors import InputError

AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SECRETS = {"WORKBENCH_WEBHOOK_CHAT_TOKEN": "token-of-ours", "WORKBENCH_WEBHOOK_CHAT_SECRET": "secret-of-ours"}


def notice(**fields):
    known = {
        "notice_id": "notice-1",
        "channel": "webhook",
        "webhook": "chat",
        "recipient": "technician:tech_one",
        "address": "+4930123456",
        "severity": Severity.WARNING,
        "subject": "WO-2026-0001",
        "body": "You are assigned.",
        "created_at": AT,
        "machine_id": "pump_01",
    }
    return Notice.model_validate({**known, **fields})


@pytest.fixture
def server():
    made = Server()
    made.start()
    yield made
    made.stop()


def post(server, written=None, environment=SECRETS, **fields):
    webhook = Webhook(url=server.url, **fields)
    session = WebhookSession(Gateway.from_settings("chat", webhook, environment))
    try:
        session.deliver(written or notice(), AT)
    finally:
        session.close()


def test_a_notice_is_posted_signed_with_its_key(server):
    post(server)
    ((path, headers, body),) = server.requests
    assert path == "/hook?key=T0psecret"
    assert json.loads(body) == {
        "notice_id": "notice-1",
        "kind": "message",
        "severity": "WARNING",
        "recipient": "technician:tech_one",
        "to": "+4930123456",
        "subject": "WO-2026-0001",
        "text": "You are assigned.",
        "machine_id": "pump_01",
        "order_id": None,
        "created_at": "2026-01-05T08:00:00+00:00",
    }
    assert headers["Idempotency-Key"] == "notice-1"
    assert headers["Authorization"] == "Bearer token-of-ours"
    signed = f"{headers['X-Workbench-Timestamp']}.".encode() + body
    digest = hmac.new(b"secret-of-ours", signed, hashlib.sha256).hexdigest()
    assert headers["X-Workbench-Signature"] == f"sha256={digest}"


def test_without_secrets_nothing_is_signed(server):
    post(server, environment={})
    ((_, headers, _),) = server.requests
    assert "Authorization" not in headers
    assert "X-Workbench-Signature" not in headers


def test_an_address_in_the_environment_wins(server):
    webhook = Webhook(url="https://elsewhere.example/")
    found = Gateway.from_settings("chat", webhook, {"WORKBENCH_WEBHOOK_CHAT_URL": server.url})
    assert found.host == ("127.0.0.1", server.port)


@given(st.text(), st.text())
def test_any_text_is_carried_as_it_is(subject, body):
    gateway = Gateway(
        "chat", Webhook(payload={"text": "$subject: $text", "to": ["$to"], "fixed": "5 $$"}), "https://a.example/"
    )
    posted = json.loads(payload(gateway, notice(subject=subject, body=body)))
    assert posted == {"text": f"{subject}: {body}", "to": ["+4930123456"], "fixed": "5 $"}


@pytest.mark.parametrize(
    ("status", "headers", "raised"),
    [
        (500, {}, ServerFailure),
        (503, {}, ServerFailure),
        (408, {}, ServerFailure),
        (401, {}, ServerRefusal),
        (404, {}, ServerRefusal),
        (301, {"Location": "http://192.0.2.1/"}, ServerRefusal),
        (307, {"Location": "/other"}, ServerRefusal),
        (409, {}, MessageDeferred),
        (400, {}, MessageRefused),
        (422, {}, MessageRefused),
    ],
)
def test_what_an_answer_means(server, status, headers, raised):
    server.answer = lambda: (status, "because key=T0psecret token-of-ours secret-of-ours", headers)
    with pytest.raises(raised, match=str(status)) as caught:
        post(server)
    assert len(server.requests) == 1, "a redirect is not followed"
    told = str(caught.value)
    assert not any(secret in told for secret in ("T0psecret", "token-of-ours", "secret-of-ours")), told


@pytest.mark.parametrize(
    ("status", "after", "wait_s"),
    [
        (429, "120", 120),
        (503, "5", 5),
        (429, "Mon, 05 Jan 2026 08:02:00 GMT", 120),
        (429, "", 60),
        (429, "soon", 60),
        (429, "9" * 500, 3600),
        (429, "Mon, 05 Jan 2009 08:02:00 GMT", 1),
    ],
)
def test_a_busy_gateway_says_for_how_long(server, status, after, wait_s):
    server.answer = lambda: (status, "", {"Retry-After": after} if after else {})
    with pytest.raises(ServerBusy) as caught:
        post(server)
    assert caught.value.wait_s == wait_s


def test_a_gateway_that_breaks_off_hangs_or_is_down(server):
    server.answer = lambda: None
    with pytest.raises(ServerFailure, match="does not answer as it should"):
        post(server)
    gone = server.url
    server.stop()
    session = WebhookSession(Gateway.from_settings("chat", Webhook(url=gone), {}))
    with pytest.raises(ServerFailure, match="refused") as caught:
        session.connect()
    assert "T0psecret" not in str(caught.value)


def test_a_gateway_that_never_answers_is_left_after_the_timeout(server):
    import threading

    held = threading.Event()
    server.answer = lambda: held.wait(5) and (200, "", {})
    with pytest.raises(ServerFailure, match="timed out"):
        post(server, timeout_s=0.2)
    held.set()


def test_a_certificate_that_is_not_trusted_is_refused(tmp_path, monkeypatch):
    server = Server(certificate_in=tmp_path)
    server.start()
    try:
        with pytest.raises(ServerRefusal, match="certificate"):
            post(server)
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        post(server)
        assert len(server.posts) == 1
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"url": "http://gateway.example/x"}, "unencrypted"),
        ({"url": "ftp://gateway.example/x"}, "https://"),
        ({"url": "https://ann:pass@gateway.example/x"}, "password"),
        ({"url": "https://gate way/x"}, "spaces"),
        ({"url": "https://gateway.example:99999/x"}, "port"),
        ({"url": "https:///x"}, "no host"),
        ({"payload": {"text": ["$text", "$colour", {"a": "$size"}]}}, r"text\[1\]: \$colour.*text\[2\].a: \$size"),
        ({"payload": {"text": "5 $"}}, "names nothing"),
        ({"recipients": ()}, "recipients"),
        ({"form": "fax"}, "form"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_work_are_refused(fields, named):
    with pytest.raises(ValidationError, match=named):
        Webhook(**fields)


def test_unencrypted_elsewhere_only_where_it_is_allowed():
    assert Webhook(url="http://gateway.example/x", allow_http=True).url
    assert all(Webhook(url=f"http://{host}/x").url for host in ("localhost", "127.0.0.1", "[::1]"))


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "WORKBENCH_WEBHOOK_CHAT_URL"),
        ({"WORKBENCH_WEBHOOK_CHAT_URL": "http://gateway.example/T0psecret"}, "unencrypted"),
        (
            {"WORKBENCH_WEBHOOK_CHAT_URL": "https://gateway.example/", "WORKBENCH_WEBHOOK_CHAT_TOKEN": "T0p\nsecret"},
            "WORKBENCH_WEBHOOK_CHAT_TOKEN",
        ),
    ],
)
def test_an_environment_that_cannot_work_is_told_without_its_secrets(environment, named):
    with pytest.raises(InputError, match=named) as caught:
        Gateway.from_settings("chat", Webhook(), environment)
    assert "T0p" not in str(caught.value)


def test_secrets_are_not_in_what_is_printed():
    gateway = Gateway.from_settings("chat", Webhook(url="https://gateway.example/T0psecret"), SECRETS)
    assert not any(word in repr(gateway) for word in ("T0psecret", "of-ours"))


def test_a_webhook_wants_what_is_severe_enough_for_whom_it_serves():
    webhook = Webhook(recipients=("technician:*", "manager:north"), least_severity="critical")
    assert webhook.wants("technician:anna", Severity.CRITICAL)
    assert webhook.wants("manager:north", Severity.CRITICAL)
    assert not webhook.wants("manager:south", Severity.CRITICAL)
    assert not webhook.wants("technician:anna", Severity.WARNING)
