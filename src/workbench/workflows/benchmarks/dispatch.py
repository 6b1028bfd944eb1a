"""How good and how fast plans of work are: the gap proven, and the cost beside two ways of planning by hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.dispatch.planning import (
    Sequencer,
    cost_of,
    floor_cost,
    insert_cheapest,
    insert_first,
    make_plan,
    possibilities,
    violations,
)

from .dispatch_instances import backlog, instance
from .frame import Metrics, Progress, pick_subsets, under, with_intervals

INSTANCES, QUICK_INSTANCES = 20, 3
PROTOCOL = (
    "20 seeded instances a size, work and ways 0.85 to 1.05 of all shifts; stage 1 (who on which day, or deferred) and "
    "stage 2 (order of each day) by make_plan with two workers; gap = (cost of the final plan - proven bound of stage 1) "
    "/ cost; 10000x60: the orders of twenty such teams, planned in 5 s, without peers; violations by a verifier that shares no code with the planner; floor = each order alone by the "
    "cheapest able technicians on the day, of those on which it can be done, that costs least, hours and waiting without any way (ways would raise it and "
    "flatter us), or deferred if that costs less; excess_over_<peer> = (our cost - floor) / (the peer's - floor), of plans whose "
    "days can all be ordered; peers: by priority, each order where it costs least (insertion), and on the earliest day "
    "by the first who is skilled and free (first_available); means over instances, bootstrap over instances; keys without a size: over "
    "all instances that have peers"
)


@dataclass(frozen=True)
class Size:
    """How large the instances of a subset are, and the time their plans may take."""

    jobs: int
    people: int
    days: int
    time_limit_s: float
    quick_limit_s: float
    # Of a backlog far beyond what the people can do, no planner by hand is run beside ours.
    is_backlog: bool = False


SIZES = {
    "26x8": Size(26, 8, 2, 10.0, 10.0),
    "500x60": Size(500, 60, 5, 60.0, 10.0),
    "10000x60": Size(10_000, 60, 5, 5.0, 5.0, is_backlog=True),
}


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; see ``frame.run_benchmark``. A quick run plans few instances, the large ones in 10 s."""
    del data  # it makes its own
    metrics: Metrics = {}
    seconds = {}
    beside_peers: list[dict[str, float]] = []
    count, draws = (QUICK_INSTANCES, 100) if quick else (INSTANCES, 1000)
    numbers = [seed * INSTANCES + at for seed in seeds for at in range(count)]
    subsets = pick_subsets(SIZES, only, benchmark="dispatch")
    for place, subset in enumerate(subsets):
        size = SIZES[subset]
        limit = size.quick_limit_s if quick else size.time_limit_s
        began, measured = time.perf_counter(), []
        for at, number in enumerate(numbers):
            progress((place + at / len(numbers)) / len(subsets), f"{subset}, instance {number}")
            measured.append(measure(size, number, limit))
        metrics |= under(subset, summary(measured, draws=draws))
        if not size.is_backlog:
            shared = [key for key in measured[0] if key.startswith("excess") or key == "violations"]
            beside_peers += [{key: each[key] for key in shared} for each in measured]
        seconds[subset] = round(time.perf_counter() - began, 3)
    if beside_peers:
        metrics |= summary(beside_peers, draws=draws)
    return {
        "metrics": metrics,
        "seconds": seconds,
        "protocol": PROTOCOL,
        "chosen_by": "size, columns and work of a neighbourhood and settings of the solver by trial on instances 1000, 1001 and 1003 of 500x60, "
        "which are none of these; shares of the time earlier, by trial on instance 0; nothing else on these",
        "simulated": True,
    }


def measure(size: Size, seed: int, time_limit_s: float) -> dict[str, float]:
    """Return the figures of one instance."""
    make = backlog if size.is_backlog else instance
    problem = make(size.jobs, size.people, size.days, seed=seed)
    began, processor = time.perf_counter(), time.process_time()
    plan = make_plan(problem, clock=time.monotonic, time_limit_s=time_limit_s, workers=2, seed=seed)
    took = time.perf_counter() - began, time.process_time() - processor
    figures = {
        "gap": plan.gap,
        "seconds": took[0],
        "processor_s": took[1],
        "sequence_gap": plan.sequence_gap,
        "violations": len(violations(problem, plan)),
        "planned": len(plan.jobs),
    }
    if size.is_backlog:
        return figures
    possible = possibilities(problem)
    floor, fits = floor_cost(possible), Sequencer(possible).fits
    excess = plan.cost - floor
    return {
        **figures,
        "excess_over_insertion": excess / (cost_of(possible, insert_cheapest(possible, None, fits)) - floor),
        "excess_over_first_available": excess / (cost_of(possible, insert_first(possible, fits)) - floor),
    }


def summary(measured: Sequence[dict[str, float]], *, draws: int) -> Metrics:
    """Return means with intervals and the worst of each figure; of violations the sum."""
    table = {key: np.array([each[key] for each in measured], dtype=float) for key in measured[0]}
    violated = table.pop("violations")

    def means(rows: npt.NDArray[np.intp]) -> dict[str, float]:
        return {key: float(values[rows].mean()) for key, values in table.items()}

    return {
        **with_intervals(means, np.arange(len(measured)), draws=draws),
        **{f"{key}_worst": float(values.max()) for key, values in table.items()},
        "violations": int(violated.sum()),
        "instances": len(measured),
    }
