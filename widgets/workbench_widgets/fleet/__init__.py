"""The fleet page: machines by condition, what is open, and what can be started."""

from .page import FleetPage

__all__ = ["FleetPage"]
