"""The e-mail channel: one message to one address over SMTP, encrypted as the settings say."""

from __future__ import annotations

import re
import smtplib
import ssl
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from workbench.config import Settings
from workbench.domain.base import stable_id
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.domain.webhooks import is_loopback
from workbench.errors import InputError, WorkbenchError

from .session import MessageDeferred, MessageRefused, ServerFailure, ServerRefusal

CONNECT_TIMEOUT_S = 10.0
# Servers look through a message before they say that they took it; giving up earlier would send it twice.
ANSWER_TIMEOUT_S = 60.0
MOST_SUBJECT = 200
PASSWORD = "WORKBENCH_SMTP_PASSWORD"  # noqa: S105 - the name of the variable, no password
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,189}")
_CLOSING, _TOO_LARGE = 421, 552


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and how; make it with :meth:`from_settings`."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_settings(cls, settings: Settings, password: str) -> MailServer:
        """Return the server that the settings name; raises ``InputError`` when they cannot work or would leak the password."""
        if not settings.smtp_host:
            raise InputError("No mail server is set.", "Set smtp_host and email_sender in workbench.toml.")
        if not _ADDRESS.fullmatch(settings.email_sender):
            raise InputError(
                f"email_sender is {settings.email_sender!r}, which is not an e-mail address.",
                "Set email_sender in workbench.toml to the address that notices come from.",
            )
        if settings.smtp_user and not password:
            raise InputError(
                f"smtp_user is set, but {PASSWORD} is not.", f"Set {PASSWORD} in the environment, or empty smtp_user."
            )
        if settings.smtp_user and settings.smtp_security == "none" and not is_loopback(settings.smtp_host):
            raise InputError(
                f"The password would go unencrypted to {settings.smtp_host} (smtp_security is 'none').",
                "Set smtp_security to 'starttls' or 'tls', or empty smtp_user.",
            )
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            sender=settings.email_sender,
            user=settings.smtp_user,
            password=password,
        )

    @property
    def place(self) -> str:
        """The server, for messages."""
        return f"{self.host}:{self.port}"


def message_id(notice: Notice, sender: str) -> str:
    """Return the Message-ID of a notice: always the same, so that a repeat can be recognised."""
    return f"<{stable_id('message', notice.notice_id)}@{sender.rpartition('@')[2]}>"


def compose(notice: Notice, sender: str, at: datetime) -> EmailMessage:
    """Return the notice as a plain-text message; text from users can neither add headers nor break lines of them.

    Raises ``MessageRefused`` when the notice has no usable address.
    """
    if not _ADDRESS.fullmatch(notice.address):
        raise MessageRefused(
            f"{notice.address!r} is not an e-mail address.", f"Correct the address of {notice.recipient}."
        )
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = notice.address
    message["Subject"] = _one_line(notice.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(notice, sender)
    message["Auto-Submitted"] = "auto-generated"
    if notice.severity is Severity.CRITICAL:
        message["Importance"] = "high"
    message.set_content(_clean(notice.body, keep="\n\t") + "\n")
    return message


def _clean(text: str, keep: str = "") -> str:
    """Replace what is no text, such as line breaks and half characters, by spaces, but for ``keep``."""
    lines = text.replace("\r\n", "\n")
    return "".join(c if c in keep or unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") else " " for c in lines)


def _one_line(text: str) -> str:
    line = " ".join(_clean(text).split())
    return line if len(line) <= MOST_SUBJECT else line[: MOST_SUBJECT - 1] + "…"


class MailSession:
    """A connection to a mail server that is opened when it is needed and again when it broke."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._connection: smtplib.SMTP | None = None

    @property
    def place(self) -> str:
        """The server, for messages."""
        return f"the mail server {self.server.place}"

    @property
    def host(self) -> tuple[str, int]:
        """The machine and port that are spoken to."""
        return self.server.host, self.server.port

    def connect(self) -> smtplib.SMTP:
        """Return the open connection, encrypted and logged in; raises ``ServerFailure`` or ``ServerRefusal``."""
        if self._connection is None:
            with _server_errors(self.server):
                self._connection = _connected(self.server)
        return self._connection

    def deliver(self, notice: Notice, at: datetime) -> None:
        """Hand a notice over for its address; see ``Session.deliver``."""
        message = compose(notice, self.server.sender, at)
        connection = self.connect()
        try:
            with _server_errors(self.server), _message_errors(notice.address):
                connection.send_message(message, self.server.sender, [notice.address])
        except ServerFailure:
            self.close()
            raise

    def close(self) -> None:
        """Say goodbye; the next message opens another connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (OSError, smtplib.SMTPException):
                connection.close()


def _connected(server: MailServer) -> smtplib.SMTP:
    # Reading the system's certificates takes time: only where they are needed.
    context = None if server.security == "none" else ssl.create_default_context()
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=CONNECT_TIMEOUT_S, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=CONNECT_TIMEOUT_S)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    if connection.sock is not None:
        connection.sock.settimeout(ANSWER_TIMEOUT_S)
    return connection


@contextmanager
def _server_errors(server: MailServer) -> Iterator[None]:
    """Say in words what is wrong between us and the server."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ServerRefusal(
            f"The certificate of {server.place} cannot be trusted: {error.verify_message}.",
            "Set smtp_host to the name in the certificate, or add its issuer to the system's certificates.",
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        wish = "STARTTLS" if server.security == "starttls" and "STARTTLS" in str(error) else "the login of smtp_user"
        raise ServerRefusal(
            f"{server.place} does not offer {wish}: {error}.",
            "Set smtp_security in workbench.toml to what the server offers ('tls' for port 465), or ask its operator.",
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise ServerRefusal(
            f"{server.place} refuses the login of {server.user!r}: {_words(error)}.",
            f"Check smtp_user in workbench.toml and {PASSWORD} in the environment.",
        ) from error
    except smtplib.SMTPSenderRefused as error:
        kind = ServerRefusal if error.smtp_code >= 500 else ServerFailure
        raise kind(
            f"{server.place} refuses the sender {server.sender}: {_words(error)}.",
            "Check email_sender, smtp_user and smtp_security in workbench.toml.",
        ) from error
    except UnicodeError as error:
        raise ServerRefusal(
            f"{server.place} cannot be spoken to: its name, smtp_user or the password holds what SMTP cannot carry.",
            f"Check smtp_host and smtp_user in workbench.toml and {PASSWORD} in the environment.",
        ) from error
    except OSError as error:
        # Errors of smtplib are OSErrors too: what is left here is a broken, refused or silent connection.
        said = _words(error) if isinstance(error, smtplib.SMTPResponseException) else str(error) or type(error).__name__
        raise ServerFailure(
            f"The mail server {server.place} does not answer as it should: {said}.",
            "Check smtp_host, smtp_port and smtp_security in workbench.toml, and that the server runs.",
        ) from error


@contextmanager
def _message_errors(address: str) -> Iterator[None]:
    """Tell what concerns this message alone from what concerns the server."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        said = smtplib.SMTPDataError(code, text)
        if code == _CLOSING:
            raise said from error
        raise _verdict(address, said) from error
    except smtplib.SMTPDataError as error:
        if error.smtp_code == _CLOSING:
            raise
        raise _verdict(address, error) from error
    except smtplib.SMTPSenderRefused as error:
        if error.smtp_code != _TOO_LARGE:
            raise
        raise _verdict(address, error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MessageRefused(f"The mail server cannot write to {address}: {error}.", "Use an ASCII address.") from error


def _verdict(address: str, error: smtplib.SMTPResponseException) -> WorkbenchError:
    kind = MessageRefused if error.smtp_code >= 500 else MessageDeferred
    return kind(f"The mail server does not take mail for {address}: {_words(error)}.")


def _words(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
    return f"{error.smtp_code} {' '.join(_clean(text).split())[:300]}"
