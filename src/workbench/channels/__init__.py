"""Channels: how notices reach people."""

from . import in_app
from .breaker import CircuitBreaker, retrying
from .mail import MailServer, MailSession, MessageDeferred, MessageRefused, ServerFailure, ServerRefusal

__all__ = [
    "CircuitBreaker",
    "MailServer",
    "MailSession",
    "MessageDeferred",
    "MessageRefused",
    "ServerFailure",
    "ServerRefusal",
    "in_app",
    "retrying",
]
