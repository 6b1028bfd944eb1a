"""Webhooks: gateways to SMS, chat and other systems, as the settings describe them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from string import Template
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from .base import Frozen
from .predictions import Severity

# What the payload of a webhook may name; generic JSON carries them all.
PAYLOAD_FIELDS = (
    *("notice_id", "kind", "severity", "recipient", "to", "subject", "text", "machine_id", "order_id", "created_at"),
)
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)


class Webhook(Frozen):
    """One gateway: where notices are posted, which ones, in which form.

    Its secrets are in the environment only: ``WORKBENCH_WEBHOOK_<NAME>_TOKEN`` (sent as a bearer token),
    ``..._SECRET`` (signs the body with HMAC-SHA256) and ``..._URL`` (where the address itself is a secret).
    """

    url: str = Field(default="", repr=False, description="where to post; empty: read from WORKBENCH_WEBHOOK_<NAME>_URL")
    form: Literal["full", "chat", "sms"] = Field(default="full", description="which text is sent; sms: to phones only")
    recipients: tuple[str, ...] = Field(default=("*",), min_length=1, description="e.g. technician:*, manager:north")
    least_severity: Severity = Severity.WARNING
    payload: dict[str, Any] = Field(default={}, repr=False, description="the JSON, e.g. {text = '$text'}; empty: all")
    allow_http: bool = Field(default=False, description="post unencrypted to another machine")
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    @field_validator("least_severity", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("payload")
    @classmethod
    def _known_fields(cls, value: dict[str, Any]) -> dict[str, Any]:
        faults = list(_payload_faults(value, ""))
        if faults:
            raise ValueError(f"{'; '.join(faults)}; known: {', '.join(f'${name}' for name in PAYLOAD_FIELDS)}")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Webhook:
        fault = url_fault(self.url, allow_http=self.allow_http) if self.url else ""
        if fault:
            raise ValueError(fault)
        return self

    def wants(self, recipient: str, severity: Severity) -> bool:
        """Say whether a notice to ``recipient`` is posted here."""
        severe = list(Severity)
        return severe.index(severity) >= severe.index(self.least_severity) and any(
            fnmatchcase(recipient, pattern) for pattern in self.recipients
        )

    def filled(self, fields: Mapping[str, str | None]) -> dict[str, Any]:
        """Return the JSON to post, with what ``PAYLOAD_FIELDS`` name put in.

        >>> Webhook(payload={"message": {"text": "Note: $text"}}).filled({"text": 'a "pump"'})
        {'message': {'text': 'Note: a "pump"'}}
        """
        if not self.payload:
            return dict(fields)
        known = {name: value or "" for name, value in fields.items()}
        return {key: _filled(value, known) for key, value in self.payload.items()}


def url_fault(url: str, *, allow_http: bool) -> str:
    """Return what is wrong with the address of a webhook, or nothing; what may be secret in it is never repeated.

    >>> url_fault("http://192.0.2.7/hook", allow_http=False)
    'url: unencrypted http goes to this machine only; use https, or set allow_http'
    """
    if not _URL.fullmatch(url):
        return "url: it must begin with https:// and hold no spaces or letters beyond ASCII"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "url: host or port cannot be read"
    if not host:
        return "url: it names no host"
    if parts.username is not None or parts.password is not None:
        return "url: it holds a user or a password; use WORKBENCH_WEBHOOK_<NAME>_TOKEN in the environment"
    if parts.scheme.lower() == "http" and not allow_http and not is_loopback(host):
        return "url: unencrypted http goes to this machine only; use https, or set allow_http"
    return ""


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _payload_faults(value: Any, place: str) -> list[str]:
    if isinstance(value, Mapping):
        return [fault for key, item in value.items() for fault in _payload_faults(item, f"{place}.{key}".lstrip("."))]
    if isinstance(value, list | tuple):
        return [fault for number, item in enumerate(value) for fault in _payload_faults(item, f"{place}[{number}]")]
    if not isinstance(value, str):
        return []
    template = Template(value)
    if not template.is_valid():
        return [f"{place}: a $ that names nothing (write $$ for the sign)"]
    return [f"{place}: ${name} is unknown" for name in template.get_identifiers() if name not in PAYLOAD_FIELDS]


def _filled(value: Any, fields: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(item, fields) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, fields) for item in value]
    return Template(value).substitute(fields) if isinstance(value, str) else value
