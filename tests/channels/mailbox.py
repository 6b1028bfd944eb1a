"""A real SMTP server on localhost that keeps what it takes, and can refuse, break off, hold still and be down."""

from __future__ import annotations

import email
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

# The password of everybody.
RIGHT = "Rosebud-1941"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 and localhost, and its key."""
    certificate, key = folder / "server.pem", folder / "server.key"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=localhost", "-addext", names, "-days", "2", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


class Mailbox:
    """The server; ``refuse`` maps an address to the answer to its RCPT, ``at`` a command to what happens on it.

    Whatever a hook of ``at`` returns (a text) is the answer to the command; None lets it go on as usual.
    """

    def __init__(self, **options: object) -> None:
        self.port = free_port()
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refuse: dict[str, str] = {}
        self.at: dict[str, Callable[[], str | None]] = {}
        self.commands: Counter[str] = Counter()
        self.logins: list[tuple[str, str]] = []
        self._options = options
        self._controller: Controller | None = None

    def start(self) -> None:
        if self._options.get("auth_require_tls") is not None:
            self._options["authenticator"] = self._authenticate
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._options)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.messages]

    def _authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == RIGHT, handled=False)

    async def _hook(self, command: str) -> str | None:
        self.commands[command] += 1
        return self.at[command]() if command in self.at else None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        said = await self._hook("EHLO")
        return [said] if said else responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        said = await self._hook("MAIL")
        if said is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        said = await self._hook("RCPT") or self.refuse.get(address)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.messages.append(email.message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        return await self._hook("DATA") or "250 taken"


class TlsMailbox(Mailbox):
    """A mailbox that offers STARTTLS with a certificate in ``folder`` and takes logins only over it."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        super().__init__(tls_context=context, auth_require_tls=True)


class Gate:
    """Lets nobody through until it is opened; tells when somebody waits."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        self.open.wait(30)
