"""How often a failure mode occurs: recorded failures of the type, shrunk towards the life that the profile gives (Z2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gamma

from scipy.special import gammaincinv

from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.kpis import LEVEL

HOURS_PER_YEAR = 8_760.0
# What the profile says weighs as much as one failure that was seen.
PRIOR_FAILURES = 1.0
OCCURRENCE_PER_YEAR = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Experience:
    """What is recorded of a machine type: operating hours, and functional failures by cause in them."""

    operating_h: float = 0.0
    failures: Mapping[str, int] | None = None
    machines: int = 0

    def seen(self, mode: str) -> int:
        """Return how many failures of ``mode`` were seen."""
        return (self.failures or {}).get(mode, 0)

    def unnamed(self, modes: Sequence[str]) -> int:
        """Return how many failures have a cause that is none of ``modes``, or is not known."""
        return sum(count for cause, count in (self.failures or {}).items() if cause not in modes)


@dataclass(frozen=True)
class Rate:
    """Failures an operating hour as a gamma distribution: mean ``shape / rate_h``."""

    shape: float
    rate_h: float
    basis: str
    wear_out: float | None

    @property
    def mean(self) -> float:
        """Expected failures an operating hour."""
        return self.shape / self.rate_h

    def quantile(self, probability: float) -> float:
        """Return the rate that is not exceeded with ``probability``."""
        return float(gammaincinv(self.shape, probability)) / self.rate_h

    def interval(self) -> tuple[float, float]:
        """Return the 95 % credible interval."""
        tail = (1 - LEVEL) / 2
        return self.quantile(tail), self.quantile(1 - tail)


def prior_life(profile: MachineProfile, mode: str) -> tuple[float, float | None, str]:
    """Return the mean operating hours to this failure by the profile, the Weibull shape or None, and what says so.

    The twin's law of the mode, whose mean is scale x gamma(1 + 1 / shape); without one, the rated life shared by all modes.
    """
    fault = profile.twin.faults.get(mode) if profile.twin else None
    if fault is not None:
        mean = fault.life_h * gamma(1 + 1 / fault.shape)
        return mean, fault.shape, f"twin: mean life {mean:,.0f} h, shape {fault.shape:g}"
    modes = max(len(profile.failure_modes), 1)
    unit = "h" if profile.life_unit is LifeUnit.OPERATING_H else "cycles, taken as h"
    return (
        profile.rated_life * modes,
        None,
        f"rated life {profile.rated_life:,.0f} {unit} over {modes} modes, for no twin has the mode",
    )


def failure_rate(profile: MachineProfile, mode: str, experience: Experience) -> Rate:
    """Return how often ``mode`` makes the machine fail, per operating hour.

    Failures of the type at a constant rate over its recorded operating hours, with a gamma prior of mean 1 / life and the weight
    of one failure: with little on record the profile's life rules, with much the record does. Failures of which the cause is
    not known are shared out in proportion. What is recorded is failures despite the maintenance that was done.

    >>> from workbench.catalog import load_catalogue
    >>> pump = next(p for p in load_catalogue().machines if p.machine_id == "pump_ksb_etanorm_005")
    >>> alone = failure_rate(pump, "seal_leak", Experience())
    >>> round(1 / alone.mean) == round(prior_life(pump, "seal_leak")[0])
    True
    >>> failure_rate(pump, "seal_leak", Experience(50_000, {"seal_leak": 1}, 3)).mean < alone.mean
    True
    """
    life, wear_out, said = prior_life(profile, mode)
    seen = experience.seen(mode)
    modes = [known.name for known in profile.failure_modes]
    expected = {name: PRIOR_FAILURES / prior_life(profile, name)[0] for name in modes}
    weight = {name: experience.seen(name) + expected[name] / sum(expected.values()) for name in modes}
    unnamed = experience.unnamed(modes) * weight[mode] / sum(weight.values())
    basis = said
    if experience.operating_h > 0:
        basis = (
            f"{seen} failure{'' if seen == 1 else 's'} in {experience.operating_h:,.0f} operating hours of "
            f"{experience.machines} machine{'' if experience.machines == 1 else 's'} of type {profile.machine_type.replace('_', ' ')}"
            + (f", {unnamed:.1f} more of the failures of unknown or other cause" if unnamed else "")
            + f"; {said}, weighed as {PRIOR_FAILURES:g} failure"
        )
    return Rate(PRIOR_FAILURES + seen + unnamed, PRIOR_FAILURES * life + experience.operating_h, basis, wear_out)


def rank_of(value: float, bounds: Sequence[float]) -> int:
    """Return 1 for a value below all ``bounds`` (ascending), and one more for each bound reached.

    >>> rank_of(0.3, OCCURRENCE_PER_YEAR), rank_of(0.0, OCCURRENCE_PER_YEAR), rank_of(9.0, OCCURRENCE_PER_YEAR)
    (6, 1, 10)
    """
    return 1 + sum(value >= bound for bound in bounds)
