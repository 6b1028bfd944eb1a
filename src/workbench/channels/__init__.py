"""Channels: how notices reach people."""

from . import in_app

__all__ = ["in_app"]
