"""Two bodies that exchange heat: their temperatures after any time, exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workbench.twin.streams import Floats

HOTTEST_C = 1000.0
_FURTHEST = 60.0


class TwoBodies(NamedTuple):
    """d(first)/dt = a first + b second + e; d(second)/dt = c first + d second + f; rates per second, temperatures in degC.

    ``b`` and ``c`` are positive (heat flows both ways), so both eigenvalues are real and differ.
    """

    a: Floats | float
    b: Floats | float
    c: Floats | float
    d: Floats | float
    e: Floats | float
    f: Floats | float

    def settled(self) -> tuple[Floats | float, Floats | float]:
        """Return the temperatures in the long run (where heat can leave faster than it is made, else ``HOTTEST_C``)."""
        det = self.a * self.d - self.b * self.c
        stable = (det > 0) & (self.a + self.d < 0)
        det = np.where(stable, det, 1.0)
        first = np.where(stable, (self.b * self.f - self.d * self.e) / det, HOTTEST_C)
        second = np.where(stable, (self.c * self.e - self.a * self.f) / det, HOTTEST_C)
        return np.minimum(first, HOTTEST_C), np.minimum(second, HOTTEST_C)

    def move(self, first: Floats, second: Floats, step_s: float) -> None:
        """Move the temperatures in place by ``step_s`` seconds.

        x(t) = x(0) + F (A x(0) + g) with F = integral of exp(A s) over the step, by Sylvester's formula from the
        eigenvalues of A; it needs no inverse of A and so holds without any cooling too.
        """
        rate1 = self.a * first + self.b * second + self.e
        rate2 = self.c * first + self.d * second + self.f
        half = 0.5 * (self.a - self.d)
        root = np.sqrt(half * half + self.b * self.c)
        middle = 0.5 * (self.a + self.d)
        slow, fast = _grown(middle + root, step_s), _grown(middle - root, step_s)
        same = 0.5 * (slow + fast)
        apart = 0.5 * (slow - fast) / root
        first += (same + apart * half) * rate1 + apart * self.b * rate2
        second += apart * self.c * rate1 + (same - apart * half) * rate2
        np.minimum(first, HOTTEST_C, out=first)
        np.minimum(second, HOTTEST_C, out=second)


def _grown(rate: Floats | float, step_s: float) -> Floats | float:
    """Return the integral of exp(rate s) over the step."""
    x = np.minimum(rate * step_s, _FURTHEST)
    x = np.where(np.abs(x) < 1e-12, 1e-12, x)
    return step_s * np.expm1(x) / x
