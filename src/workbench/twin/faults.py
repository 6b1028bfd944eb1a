"""How faults begin, grow and end: damage laws, lives, and the history of a machine's episodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .environment import DOWN, PLANNED_STOP, RUNNING
from .streams import Codes, Floats

FAILURE, REPLACED, OPEN = "failure", "replaced", "open"

# Shares and ranges of the episode population, the same for every mode.
FOUND_SHARE = 0.12
FOUND_BETWEEN = (0.3, 0.65)
WEAK_SHARE = 0.06
QUIET_START_H = 240.0


@dataclass(frozen=True)
class ModeLaw:
    """How one failure mode behaves on one machine; hours are operating hours unless said otherwise.

    ``pf_interval_h`` is in calendar hours, as in the profile; ``utilisation`` (share of hours in which the
    machine runs) turns it into operating hours, for damage grows only while the machine runs. Intervals are
    drawn between its two ends as Beta(4, 4): near the middle more often than near an end.
    """

    name: str
    growth: str
    exponent: float
    life_h: float
    shape: float
    pf_interval_h: tuple[float, float]
    utilisation: float
    repair_h: float
    logistics_h: float
    planned_logistics_h: float


@dataclass(frozen=True)
class Episode:
    """One life of one component: installed, degraded from ``onset``, ended at ``end`` (operating hours of the clock).

    ``onset_step`` and ``end_step`` are steps of the simulation (``None``: not within it). ``strength``
    scales what sensors show of the damage; ``outcome`` is failure, replaced (found in time) or open. The new
    component is in at ``swap_step``; reassembly and test run last until ``back_step``.
    """

    mode: str
    onset: float
    end: float
    found_at: float | None
    strength: float
    outcome: str = OPEN
    installed_step: int = 0
    onset_step: int | None = None
    end_step: int | None = None
    swap_step: int | None = None
    back_step: int | None = None

    @property
    def stops_at(self) -> float:
        """Operating hour at which the episode ends: at failure, or earlier when it is found."""
        return self.end if self.found_at is None else self.onset + self.found_at * (self.end - self.onset)


@dataclass(frozen=True)
class FaultHistory:
    """What befell one machine: hours as lived (``states``), the operating-hour ``clock``, and all episodes."""

    states: Codes
    clock: Floats
    episodes: tuple[Episode, ...]


def damage(progress: Floats, growth: str, exponent: float) -> Floats:
    """Return damage 0..1 for ``progress`` 0..1 through the P-F interval.

    exponential: (exp(k x) - 1) / (exp(k) - 1), the shape of bearing spall growth; power: x**k; step: k equal jumps,
    as when blades or teeth go one by one (the last completes at failure).

    >>> damage(np.array([0.0, 0.5, 1.0]), "power", 2.0).tolist()
    [0.0, 0.25, 1.0]
    >>> damage(np.array([0.0, 0.3, 0.6, 1.0]), "step", 4.0).tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    x = np.clip(progress, 0.0, 1.0)
    if growth == "exponential":
        grown: Floats = np.expm1(exponent * x) / np.expm1(exponent)
    elif growth == "power":
        grown = x**exponent
    elif growth == "step":
        jumps = max(round(exponent), 2)
        grown = np.floor(x * jumps + 1e-9) / jumps
    else:
        raise ValueError(f"growth {growth!r} is not a damage law; use exponential, power or step")
    return grown


def draw_pf_interval(law: ModeLaw, rng: np.random.Generator) -> float:
    """Draw the operating hours from detectable to failed."""
    shortest, longest = law.pf_interval_h
    return float((shortest + (longest - shortest) * rng.beta(4.0, 4.0)) * law.utilisation)


def _draw_life(law: ModeLaw, rng: np.random.Generator, *, now: float, first: bool) -> Episode:
    """Draw the next life of a component installed at operating hour ``now`` (``first``: already aged when we begin)."""
    pf = draw_pf_interval(law, rng)
    life = max(float(law.life_h * rng.weibull(law.shape)), 1.15 * pf)
    if first:
        # Monitoring begins after an inspection: nothing detectable then, however old the component is.
        spare = max(life - pf, 0.0)
        life = pf + QUIET_START_H * law.utilisation + rng.uniform(0.0, 1.0) * spare
    found = float(rng.uniform(*FOUND_BETWEEN)) if rng.random() < FOUND_SHARE else None
    weak = rng.random() < WEAK_SHARE
    strength = float(rng.uniform(0.3, 0.5)) if weak else float(np.exp(rng.normal(0.0, 0.10)))
    return Episode(law.name, onset=now + life - pf, end=now + life, found_at=found, strength=strength)


def _step_of(clock: Floats, hour: float) -> int | None:
    step = int(np.searchsorted(clock, hour - 1e-9))
    return step if step < clock.size else None


def live_through(states: Codes, laws: Mapping[str, ModeLaw], rng: np.random.Generator) -> FaultHistory:
    """Let the modes of one machine compete: the first to end stops the machine, is repaired, and starts anew.

    A failure puts the machine DOWN for logistics and repair; a fault that is found puts it in a planned stop
    and is censoring, not failure. Hours that it stands do not age it.
    """
    lived = states.copy()
    clock = np.cumsum(lived == RUNNING, dtype=float)
    current = {name: _draw_life(law, rng, now=0.0, first=True) for name, law in sorted(laws.items())}
    done: list[Episode] = []
    while current:
        name = min(current, key=lambda mode: (current[mode].stops_at, mode))
        episode, law = current[name], laws[name]
        step = _step_of(clock, episode.stops_at)
        if step is None:
            break
        failed = episode.found_at is None
        waiting = law.logistics_h if failed else law.planned_logistics_h
        hours = max(round(waiting + law.repair_h), 1)
        lived[step : step + hours] = DOWN if failed else PLANNED_STOP
        clock = np.cumsum(lived == RUNNING, dtype=float)
        back = min(step + hours, lived.size)
        swap = min(step + max(round(waiting + law.repair_h / 2), 1), back)
        outcome = FAILURE if failed else REPLACED
        done.append(replace(episode, outcome=outcome, end_step=step, swap_step=swap, back_step=back))
        now = float(clock[step])
        current[name] = replace(_draw_life(law, rng, now=now, first=False), installed_step=back)
    episodes = [replace(e, onset_step=_step_of(clock, e.onset)) for e in [*done, *current.values()]]
    return FaultHistory(lived, clock, tuple(episodes))


def damage_of(history: FaultHistory, laws: Mapping[str, ModeLaw], *, shown: bool) -> dict[str, Floats]:
    """Return damage 0..1 per mode and step; ``shown`` scales it by each episode's strength, as sensors see it."""
    steps = history.clock.size
    total = {name: np.zeros(steps) for name in laws}
    for episode in history.episodes:
        law = laws[episode.mode]
        last = steps if episode.end_step is None else episode.end_step
        span = slice(episode.installed_step, last)
        progress = (history.clock[span] - episode.onset) / (episode.end - episode.onset)
        grown = damage(progress, law.growth, law.exponent)
        total[episode.mode][span] = grown * (episode.strength if shown else 1.0)
        if episode.end_step is not None and episode.outcome == FAILURE:
            total[episode.mode][episode.end_step : episode.back_step] = episode.strength if shown else 1.0
    return total
