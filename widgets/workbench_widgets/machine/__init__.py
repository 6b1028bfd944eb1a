"""The machine page: everything that is known of one machine, and what can be done about it."""

from .page import MachinePage

__all__ = ["MachinePage"]
