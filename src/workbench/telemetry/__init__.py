"""Telemetry: the archive of readings, and the readers of files and public fleets."""

from .archive import Archive

__all__ = ["Archive"]
