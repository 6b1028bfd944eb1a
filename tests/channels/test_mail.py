"""E-mail: what a message looks like, and what real servers on localhost do with it."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.mailbox import RIGHT, Mailbox, TlsMailbox

from workbench.channels import MailServer, MailSession, MessageDeferred, MessageRefused, ServerFailure, ServerRefusal
from workbench.channels.mail import compose
from workbench.config import Settings
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.errors import InputError

AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SENDER = "workbench@plant.example"


def notice(**fields):
    known = {
        "notice_id": "notice-1",
        "channel": "email",
        "recipient": "technician:tech_one",
        "address": "one@plant.example",
        "severity": Severity.WARNING,
        "subject": "WO-2026-0001 (high): Feed pump: bearing wear",
        "body": "You are assigned.\nTools: bearing puller.",
        "created_at": AT,
    }
    return Notice.model_validate({**known, **fields})


def as_read(written: Notice):
    """The message as the reader's program gets it."""
    return message_from_bytes(bytes(compose(written, SENDER, AT)), policy=policy.default)


def text_of(message) -> str:
    return message.get_content().replace("\r\n", "\n").removesuffix("\n")


def server_of(mailbox, **fields):
    known = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_security": "none", "email_sender": SENDER}
    password = fields.pop("password", "")
    return MailServer.from_settings(Settings(**{**known, **fields}), password)


def send(mailbox, written, **fields):
    session = MailSession(server_of(mailbox, **fields))
    try:
        session.deliver(written, AT)
    finally:
        session.close()


@pytest.fixture
def mailbox():
    server = Mailbox()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tls_mailbox(tmp_path):
    server = TlsMailbox(tmp_path)
    server.start()
    yield server
    server.stop()


def test_a_message_arrives_as_it_was_written(mailbox):
    send(mailbox, notice())
    (message,) = mailbox.messages
    assert mailbox.recipients == ["one@plant.example"]
    assert message["From"] == SENDER
    assert message["To"] == "one@plant.example"
    assert message["Subject"] == "WO-2026-0001 (high): Feed pump: bearing wear"
    assert text_of(message) == "You are assigned.\nTools: bearing puller."


def test_the_same_notice_always_has_the_same_message_id():
    first, again = as_read(notice()), as_read(notice(attempts=3))
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"].endswith("@plant.example>")
    assert as_read(notice(notice_id="notice-2"))["Message-ID"] != first["Message-ID"]


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"])
def test_text_cannot_add_headers(breaks):
    message = as_read(notice(subject=f"Pump{breaks}Bcc: all@plant.example{breaks}{breaks}Now a body"))
    assert message["Bcc"] is None
    assert message["Subject"] == "Pump Bcc: all@plant.example Now a body"
    assert text_of(message) == "You are assigned.\nTools: bearing puller."


def test_hostile_text_arrives_as_text(mailbox):
    body = "<script>\"'`</script>\nمضخة 泵 Pumpe für Öl\n" + "x" * 10_000
    send(mailbox, notice(subject="SIMULATED: مضخة " + "y" * 10_000, body=body))
    (message,) = mailbox.messages
    assert message["Subject"].startswith("SIMULATED: مضخة yyy")
    assert len(message["Subject"]) == 200
    assert text_of(message) == body
    assert message.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b\nBcc: c@d", "a@b, c@d", "<a@b>", "a b@c", "a@b@c", "a" * 300 + "@b", "a@b\x00"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(MessageRefused, match="not an e-mail address"):
        compose(notice(address=address), SENDER, AT)


@given(st.text(), st.text(), st.text())
def test_any_text_makes_one_message_with_these_headers_only(subject, body, name):
    try:
        message = compose(notice(subject=subject, body=body, address=f"{name}@plant.example"), SENDER, AT)
    except MessageRefused:
        message = compose(notice(subject=subject, body=body), SENDER, AT)
    read = message_from_bytes(message.as_bytes(policy=policy.SMTPUTF8), policy=policy.default)
    expected = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(read.keys()) - {"Content-Transfer-Encoding"} == expected
    assert read.get_content().count("\n") == body.replace("\r\n", "\n").count("\n") + 1


def test_a_refused_recipient_is_told_from_one_that_must_wait(mailbox):
    mailbox.refuse = {"gone@plant.example": "550 5.1.1 no such user", "full@plant.example": "452 4.2.2 mailbox full"}
    with pytest.raises(MessageRefused, match=r"gone@plant.example: 550 5.1.1 no such user"):
        send(mailbox, notice(address="gone@plant.example"))
    with pytest.raises(MessageDeferred, match=r"452 4.2.2 mailbox full"):
        send(mailbox, notice(address="full@plant.example"))


def test_a_refused_text_is_final_and_a_closing_server_is_not(mailbox):
    mailbox.at["DATA"] = lambda: "554 5.6.0 looks like spam"
    with pytest.raises(MessageRefused, match="looks like spam"):
        send(mailbox, notice())
    for command in ("DATA", "RCPT", "MAIL"):
        mailbox.at = {command: lambda: "421 4.3.2 shutting down"}
        with pytest.raises(ServerFailure, match="shutting down"):
            send(mailbox, notice())


def test_an_address_that_the_server_cannot_write_is_final():
    server = Mailbox(enable_SMTPUTF8=False)
    server.start()
    try:
        with pytest.raises(MessageRefused, match="ASCII"):
            send(server, notice(address="jürgen@plant.example"))
    finally:
        server.stop()


def test_a_refused_sender_is_a_matter_of_the_settings(mailbox):
    mailbox.at["MAIL"] = lambda: "530 5.7.0 must issue a STARTTLS command first"
    with pytest.raises(ServerRefusal, match=r"email_sender.*smtp_security"):
        send(mailbox, notice())


def test_a_server_that_is_down_is_named():
    with pytest.raises(ServerFailure, match=r"127.0.0.1:\d+ does not answer.*smtp_port"):
        send(Mailbox(), notice())


def test_a_server_without_starttls_is_an_error_that_says_what_to_do(mailbox):
    with pytest.raises(ServerRefusal, match=r"does not offer STARTTLS.*Set smtp_security"):
        send(mailbox, notice(), smtp_security="starttls")
    assert mailbox.messages == []


def test_starttls_needs_a_certificate_that_can_be_trusted(tls_mailbox, monkeypatch):
    with pytest.raises(ServerRefusal, match=r"certificate of 127.0.0.1"):
        send(tls_mailbox, notice(), smtp_security="starttls")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_mailbox.certificate))
    send(tls_mailbox, notice(), smtp_security="starttls")
    assert len(tls_mailbox.messages) == 1


def test_the_password_goes_over_an_encrypted_connection(tls_mailbox, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_mailbox.certificate))
    send(tls_mailbox, notice(), smtp_security="starttls", smtp_user="plant", password=RIGHT)
    assert tls_mailbox.logins == [("plant", RIGHT)]
    with pytest.raises(ServerRefusal, match=r"refuses the login of 'plant'.*WORKBENCH_SMTP_PASSWORD") as refused:
        send(tls_mailbox, notice(), smtp_security="starttls", smtp_user="plant", password=RIGHT[1:])
    assert RIGHT[1:] not in str(refused.value)


def test_a_password_is_not_sent_in_the_clear():
    fields = {"smtp_host": "mail.plant.example", "smtp_security": "none", "smtp_user": "plant", "password": RIGHT}
    with pytest.raises(InputError, match=r"unencrypted to mail.plant.example"):
        server_of(Mailbox(), **fields)
    for host in ("localhost", "127.0.0.1", "::1"):
        server_of(Mailbox(), **{**fields, "smtp_host": host})
    assert RIGHT not in repr(server_of(Mailbox(), **{**fields, "smtp_host": "localhost"}))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"smtp_host": ""}, "smtp_host"),
        ({"email_sender": ""}, "email_sender"),
        ({"email_sender": "a@b\nBcc: c@d"}, "email_sender"),
        ({"smtp_user": "plant"}, "WORKBENCH_SMTP_PASSWORD"),
    ],
)
def test_settings_that_cannot_work_are_named(fields, named):
    with pytest.raises(InputError, match=named):
        server_of(Mailbox(), **fields)
