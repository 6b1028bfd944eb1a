"""Where a model may be believed and when it keeps silent, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.domain.predictions import Task

_NOT_SEEN = "without a running reading since the last failure or replacement"
# When a model of each task gives no answer; what it is not watched for is said too.
SILENT: Mapping[Task, tuple[str, ...]] = {
    Task.HEALTH: (
        f"No state is given below 30 running readings on record, {_NOT_SEEN}, or where no sensor was read lately.",
        "States are given outside the range of training too.",
    ),
    Task.RUL: (
        "A life beyond the longest horizon is said as 'more than'.",
        (
            "The life of the population is given instead where more than a tenth of the features lie outside the range of "
            "training, below 30 running readings since the last failure or replacement, where no trend of wear is seen, or "
            "where the population's interval is narrower."
        ),
    ),
    Task.ANOMALY: (
        f"No score is given below 50 running readings on record, {_NOT_SEEN}, or where no sensor was read lately.",
        "Scores are given outside the range of training too.",
    ),
    Task.DIAGNOSIS: (
        f"No cause is named below 30 running readings on record, {_NOT_SEEN}, or where no sensor was read lately.",
        "What explains less than half of what stands out is said as 'unknown'.",
    ),
}


def limits_of_use(
    task: Task,
    *,
    machines: int,
    failures: int,
    types: Mapping[str, int],
    scope: str,
    horizons: str,
    split: str,
    refused: Sequence[str],
) -> tuple[str, ...]:
    """Return in words where a model of ``task`` may be believed."""
    named = ", ".join(f"{name.replace('_', ' ')} ({count})" for name, count in sorted(types.items()))
    whose = (
        "machines of other types than these"
        if scope == "fleet"
        else f"other machines than {scope.partition(':')[2].replace('_', ' ')}"
    )
    tested = (
        "Not tested on machines that it had not seen, since there are few: stretches of their records were held out."
        if split == "blocks"
        else f"Not tested on {whose}; figures hold for new machines of the same kind in like service."
    )
    return (
        f"Learned from {machines} machine{'s' * (machines != 1)} with {failures} failure{'s' * (failures != 1)}: {named}.",
        tested,
        f"Horizons: {horizons}.",
        *SILENT[task],
        *(f"Refused: {reason}." for reason in refused),
    )
