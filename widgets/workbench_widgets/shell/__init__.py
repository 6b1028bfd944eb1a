"""The dashboard around the pages: navigation, connection, jobs, theme and deep links."""

from .shell import Shell

__all__ = ["Shell"]
