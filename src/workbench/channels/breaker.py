"""Protects a server that is down, and those who wait for it: retries with backoff, and a circuit breaker around them (U6)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

FAILURES = 5
REST_S = 60.0
RETRIES = 3
FIRST_DELAY_S = 1.0


class CircuitBreaker:
    """Leaves a server alone for ``rest_s`` seconds after ``failures`` failures in a row.

    After the rest one try is let through: it closes the circuit when it succeeds, else the rest begins
    again. ``clock`` returns seconds that never go back.
    """

    def __init__(
        self, *, failures: int = FAILURES, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._failures = 0
        self._rests_until: float | None = None

    @property
    def rest_s(self) -> float:
        """How many seconds the server is still left alone; 0 when it may be tried."""
        return 0.0 if self._rests_until is None else max(self._rests_until - self._clock(), 0.0)

    def succeeded(self) -> None:
        """Note that the server answered."""
        self._failures = 0
        self._rests_until = None

    def failed(self) -> None:
        """Note that the server did not answer."""
        self._failures += 1
        if self._failures >= self._limit:
            self._rests_until = self._clock() + self._rest_s


def retrying(
    work: Callable[[], T], *, on: type[Exception], breaker: CircuitBreaker, sleep: Callable[[float], object]
) -> T:
    """Return ``work()``; when it raises ``on``, try up to 3 times more after 1, 2 and 4 s, unless the breaker opens.

    ``sleep`` waits that many seconds; when it returns something true, no further try is made. Raises what
    ``work`` raised last.
    """
    delay_s = FIRST_DELAY_S
    for left in range(RETRIES, -1, -1):
        try:
            done = work()
        except on:
            breaker.failed()
            if not left or breaker.rest_s:
                raise
            if sleep(delay_s):
                raise
            delay_s *= 2
        else:
            breaker.succeeded()
            return done
    raise AssertionError("the last try returns or raises")
