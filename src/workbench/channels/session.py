"""What all channels that lead outside have in common: a session with a server, and the ways in which it can fail."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from workbench.domain.notices import Notice
from workbench.errors import EnvironmentFailure, WorkbenchError


class ServerFailure(EnvironmentFailure):
    """The server cannot be reached or broke off; another try may succeed."""


class ServerRefusal(EnvironmentFailure):
    """The server will not serve us as it is set up: encryption, login, address; trying again changes nothing."""


class ServerBusy(EnvironmentFailure):
    """The server asks to be left alone for ``wait_s`` seconds."""

    def __init__(self, what: str, remedy: str = "", *, wait_s: float) -> None:
        super().__init__(what, remedy)
        self.wait_s = wait_s


class MessageDeferred(WorkbenchError):
    """The server takes this message later, perhaps."""


class MessageRefused(WorkbenchError):
    """The server, or the address itself, rules out that this message is ever delivered."""


class Session(Protocol):
    """A conversation with one server, opened when it is needed and again when it broke."""

    @property
    def place(self) -> str:
        """The server, for messages; without secrets."""

    @property
    def host(self) -> tuple[str, int]:
        """The machine and port that a circuit breaker protects."""

    def connect(self) -> object:
        """Open the connection if it is not open; raises ``ServerFailure`` or ``ServerRefusal``."""

    def deliver(self, notice: Notice, at: datetime) -> None:
        """Hand one notice over; a repeat can be recognised by the server.

        Raises:
            ServerFailure: the server broke off; it may have taken the notice or not.
            ServerRefusal: it does not accept us.
            ServerBusy: it takes nothing for a while.
            MessageDeferred: it wants this notice later.
            MessageRefused: it will never take it.
        """

    def close(self) -> None:
        """End the conversation; the next notice opens another connection."""
