"""The webhook channel: one notice as JSON in one HTTP request, for gateways to SMS, chat and other systems."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn
from urllib.parse import urlsplit

from workbench.domain.notices import Notice
from workbench.domain.webhooks import Webhook, url_fault
from workbench.errors import InputError

from .session import MessageDeferred, MessageRefused, ServerBusy, ServerFailure, ServerRefusal

# However long a gateway asks to be left alone, it is asked again after this.
LONGEST_REST_S = 3600.0
_USUAL_REST_S = 60.0
_MOST_READ = 2000
_NOT_SERVED = (401, 402, 403, 404, 405, 407, 410)
_COME_AGAIN = (408, 425)
_CONFLICT, _TOO_MANY, _UNAVAILABLE = 409, 429, 503


def secret_name(name: str, what: str) -> str:
    """Return the environment variable that holds a secret of a webhook.

    >>> secret_name("sms", "token")
    'WORKBENCH_WEBHOOK_SMS_TOKEN'
    """
    return f"WORKBENCH_WEBHOOK_{name.upper()}_{what.upper()}"


@dataclass(frozen=True)
class Gateway:
    """A webhook with its secrets; make it with :meth:`from_settings`."""

    name: str
    webhook: Webhook
    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @classmethod
    def from_settings(cls, name: str, webhook: Webhook, environment: Mapping[str, str]) -> Gateway:
        """Return the gateway that settings and environment describe; raises ``InputError`` when they cannot work."""
        variable = secret_name(name, "url")
        url = environment.get(variable, "") or webhook.url
        if not url:
            raise InputError(
                f"The webhook {name!r} has no address.",
                f"Set url in [webhooks.{name}] of workbench.toml, or {variable}.",
            )
        fault = url_fault(url, allow_http=webhook.allow_http)
        if fault:
            raise InputError(
                f"The webhook {name!r} cannot be used: {fault}.", f"Correct {variable} in the environment."
            )
        token = environment.get(secret_name(name, "token"), "")
        if not all(" " < sign <= "~" for sign in token):
            raise InputError(
                f"{secret_name(name, 'token')} holds what a request cannot carry: spaces, line breaks or letters beyond ASCII.",
                "Set it to the token alone.",
            )
        return cls(name, webhook, url, token, environment.get(secret_name(name, "secret"), ""))

    @property
    def host(self) -> tuple[str, int]:
        """The machine and port that are spoken to."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme.lower() == "https" else 80)

    @property
    def place(self) -> str:
        """The gateway, for messages; the rest of its address may be a secret."""
        return f"{self.name} at {self.host[0]}:{self.host[1]}"


def payload(gateway: Gateway, notice: Notice) -> bytes:
    """Return the JSON that is posted for a notice."""
    fields = {
        "notice_id": notice.notice_id,
        "kind": notice.kind.value,
        "severity": notice.severity.value,
        "recipient": notice.recipient,
        "to": notice.address,
        "subject": notice.subject,
        "text": notice.body,
        "machine_id": notice.machine_id,
        "order_id": notice.order_id,
        "created_at": notice.created_at.isoformat(),
    }
    return json.dumps(gateway.webhook.filled(fields)).encode()


def headers(gateway: Gateway, notice: Notice, body: bytes, at: datetime) -> dict[str, str]:
    """Return the request's headers: what a repeat is known by, who we are, and the signature of time and body."""
    found = {
        "Content-Type": "application/json",
        "User-Agent": "workbench",
        "Connection": "close",
        "Idempotency-Key": notice.notice_id,
    }
    if gateway.token:
        found["Authorization"] = f"Bearer {gateway.token}"
    if gateway.secret:
        stamp = str(int(at.timestamp()))
        signed = hmac.new(gateway.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        found |= {"X-Workbench-Timestamp": stamp, "X-Workbench-Signature": f"sha256={signed}"}
    return found


class WebhookSession:
    """Posts notices to one gateway, each over a connection of its own; redirects are not followed."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._connection: http.client.HTTPConnection | None = None

    @property
    def place(self) -> str:
        """The gateway, for messages."""
        return self.gateway.place

    @property
    def host(self) -> tuple[str, int]:
        """The machine and port that are spoken to."""
        return self.gateway.host

    def connect(self) -> http.client.HTTPConnection:
        """Return the open connection, verified and encrypted but to this machine; see ``Session.connect``."""
        if self._connection is None:
            (host, port), timeout_s = self.host, self.gateway.webhook.timeout_s
            connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
            with self._server_errors():
                if urlsplit(self.gateway.url).scheme.lower() == "https":
                    context = ssl.create_default_context()
                    connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
                connection.connect()
            self._connection = connection
        return self._connection

    def deliver(self, notice: Notice, at: datetime) -> None:
        """Post one notice; see ``Session.deliver``."""
        connection = self.connect()
        parts = urlsplit(self.gateway.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = payload(self.gateway, notice)
        try:
            with self._server_errors():
                connection.request("POST", target, body, headers(self.gateway, notice, body, at))
                answer = connection.getresponse()
                status, after = answer.status, answer.getheader("Retry-After", "")
                said = b"" if 200 <= status < 300 else answer.read1(_MOST_READ)
        finally:
            self.close()
        if not 200 <= status < 300:
            self._judge(status, after, said, at)

    def close(self) -> None:
        """End the conversation."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _judge(self, status: int, after: str, said: bytes, at: datetime) -> NoReturn:
        words = f"{status} {self._without_secrets(said)}".strip()
        settings = f"Check [webhooks.{self.gateway.name}] in workbench.toml and its variables in the environment."
        if status == _TOO_MANY or (status == _UNAVAILABLE and after):
            wait_s = _seconds(after, at)
            raise ServerBusy(f"{self.place} takes nothing for {wait_s:.0f} s: {words}.", wait_s=wait_s)
        if 300 <= status < 400:
            raise ServerRefusal(f"{self.place} sends us elsewhere ({status}), which is not followed.", settings)
        if status in _NOT_SERVED:
            raise ServerRefusal(f"{self.place} does not serve us: {words}.", settings)
        if status == _CONFLICT:
            raise MessageDeferred(f"{self.place} is still busy with this notice: {words}.")
        if 400 <= status < 500 and status not in _COME_AGAIN:
            raise MessageRefused(f"{self.place} does not take this notice: {words}.", settings)
        raise ServerFailure(f"{self.place} does not answer as it should: {words}.", "Ask its operator.")

    def _without_secrets(self, said: bytes) -> str:
        """Return what the gateway said as one line; it may have repeated what we sent."""
        text = " ".join(said.decode("utf-8", "replace").split())
        parts = urlsplit(self.gateway.url)
        for secret in (self.gateway.token, self.gateway.secret, parts.path.strip("/"), parts.query):
            if secret:
                text = text.replace(secret, "***")
        return "".join(sign if sign.isprintable() else " " for sign in text)[:300].strip()

    @contextmanager
    def _server_errors(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise ServerRefusal(
                f"The certificate of {self.place} cannot be trusted: {error.verify_message}.",
                "Use the name in the certificate, or add its issuer to the system's certificates.",
            ) from error
        except UnicodeError as error:
            raise ServerRefusal(f"{self.place} is no host that can be spoken to.", "Correct the address.") from error
        except (OSError, http.client.HTTPException) as error:
            said = str(error) or type(error).__name__
            raise ServerFailure(
                f"{self.place} does not answer as it should: {self._without_secrets(said.encode())}.",
                "Check its address, and that it runs.",
            ) from error


def _seconds(after: str, at: datetime) -> float:
    """Return how long ``Retry-After`` asks to wait: seconds or a date."""
    try:
        wait_s = float(after) if after.strip().isdigit() else (parsedate_to_datetime(after) - at).total_seconds()
    except (ValueError, TypeError):
        wait_s = _USUAL_REST_S
    return min(max(wait_s, 1.0), LONGEST_REST_S)
