"""Channels: how notices reach people."""

from . import in_app
from .breaker import CircuitBreaker, retrying
from .mail import MailServer, MailSession
from .session import MessageDeferred, MessageRefused, ServerBusy, ServerFailure, ServerRefusal, Session
from .webhook import Gateway, WebhookSession

__all__ = [
    "CircuitBreaker",
    "Gateway",
    "MailServer",
    "MailSession",
    "MessageDeferred",
    "MessageRefused",
    "ServerBusy",
    "ServerFailure",
    "ServerRefusal",
    "Session",
    "WebhookSession",
    "in_app",
    "retrying",
]
