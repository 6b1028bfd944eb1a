"""Air leaks of a metro train's compressor: taught by its first weeks, judged over the months with the failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.anomalies import AnomalyEpisode
from workbench.errors import InputError
from workbench.ml.anomaly import HOURS_PER_MONTH, IsolationAnomaly, RecordDetector, SubspaceAnomaly
from workbench.ml.detector import AnomalyDetector
from workbench.telemetry.readers.metropt3 import FAILURES, read_metropt3

from .frame import Metrics, Progress, under, with_intervals

TRAINED_UNTIL = pd.Timestamp("2020-03-15", tz="UTC")
PER_WEEK = HOURS_PER_MONTH / 168
MERGE_H = 24.0
WEEK = pd.Timedelta(days=7)
PROTOCOL = (
    "hourly means, trained to 2020-03-15, judged after; alarm budget one episode a week on the training rows, alarms "
    "under 24 h apart are one episode; an episode belongs to a failure if it lasts until within 24 h before its start or begins during it; "
    "alarm_episodes_per_week = all others over the weeks outside the four failures; lead_time_h per failure = from the "
    "beginning of its first episode to its start (negative: begun during the failure; absent: none)"
)
CHOSEN_BY = (
    "the product's record detector as it was chosen on half of SKAB's files; nothing was chosen on these rows. In the product it "
    "judges the residuals of a machine's twin; predictions and alarms use an isolation forest on a machine's "
    "features, which is not measured here"
)


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; see ``frame.run_benchmark``. A quick run draws fewer intervals, the data are small."""
    if data is None:
        raise InputError("MetroPT-3 needs a data folder.", "Give --data FOLDER.")
    if only:
        raise InputError(f"Benchmark 'metropt3' has no subset {', '.join(only)}.", "Leave --only out.")
    readings, path = read_metropt3(data)
    began = time.perf_counter()
    tables = {}
    for place, (name, make) in enumerate(METHODS.items()):
        progress(place / len(METHODS), name)
        tables[name] = _figures(readings, make, seeds, 100 if quick else 1000)
    return {
        "metrics": tables.pop("ours"),
        "peers": {key: value for name, table in tables.items() for key, value in under(name, table).items()},
        "seconds": {"all": round(time.perf_counter() - began, 3)},
        "data": [str(path)],
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": False,
    }


def _figures(
    readings: pd.DataFrame, make: Callable[[int], AnomalyDetector], seeds: Sequence[int], draws: int
) -> Metrics:
    times = readings["time"]
    found = []
    for seed in seeds:
        detector = RecordDetector(make(seed)).fit(readings[times < TRAINED_UNTIL])
        # Judged over the whole record, so that the first window after the training is full.
        episodes = [one for one in detector.episodes(readings) if one.end >= TRAINED_UNTIL]
        found.append(_judge(times[times >= TRAINED_UNTIL], episodes, draws))
    table: Metrics = {}
    for key in found[0]:
        values = [one[key] for one in found]
        if isinstance(values[0], list):
            table[key] = [float(end) for end in np.mean(values, axis=0)]
        else:
            known = [float(value) for value in values if np.isfinite(value)]
            table[key] = float(np.mean(known)) if known else float("nan")
    return table


def _judge(times: pd.Series, episodes: Sequence[AnomalyEpisode], draws: int) -> Metrics:
    """Return false episodes per week, with an interval over calendar weeks, and the lead time per failure."""
    failing = np.zeros(len(times), dtype=bool)
    for first, last in FAILURES:
        failing |= ((times >= first) & (times <= last)).to_numpy()
    false = [one for one in episodes if not any(_announces(one, *failure) for failure in FAILURES)]
    week = ((times - TRAINED_UNTIL) // WEEK).to_numpy()
    hours = np.bincount(week[~failing], minlength=int(week.max()) + 1)
    begun = np.zeros(len(hours))
    for one in false:
        begun[max(int((pd.Timestamp(one.start) - TRAINED_UNTIL) // WEEK), 0)] += 1
    weeks = np.flatnonzero(hours)

    def rate(rows: npt.NDArray[np.intp]) -> dict[str, float]:
        chosen = weeks[rows]
        return {"alarm_episodes_per_week": float(begun[chosen].sum() / (hours[chosen].sum() / 168))}

    table = with_intervals(rate, weeks, draws=draws)
    alarmed = sum((one.end - one.start).total_seconds() / 3600 for one in false)
    table |= {"false_alarm_episodes": float(len(false)), "weeks_outside_failures": float((~failing).sum() / 168)}
    table["share_of_time_in_false_episodes"] = float(alarmed / (~failing).sum())
    leads = [_lead(episodes, *failure) for failure in FAILURES]
    table["failures_announced"] = float(sum(lead > 0 for lead in leads))
    table["failures_seen"] = float(np.isfinite(leads).sum())
    return table | {f"lead_time_h_{first:%Y_%m_%d}": lead for (first, _), lead in zip(FAILURES, leads, strict=True)}


def _announces(episode: AnomalyEpisode, first: pd.Timestamp, last: pd.Timestamp) -> bool:
    return bool(episode.start <= last and episode.end >= first - pd.Timedelta(hours=MERGE_H))


def _lead(episodes: Sequence[AnomalyEpisode], first: pd.Timestamp, last: pd.Timestamp) -> float:
    """Return the hours from the beginning of a failure's first episode to its start; NaN where it has none."""
    mine = [one.start for one in episodes if _announces(one, first, last)]
    return float((first - min(mine)) / pd.Timedelta(hours=1)) if mine else float("nan")


def _ours(seed: int) -> AnomalyDetector:
    return SubspaceAnomaly(seed=seed, budget=PER_WEEK, merge_h=MERGE_H)


def _forest(seed: int) -> AnomalyDetector:
    return IsolationAnomaly(seed=seed, budget=PER_WEEK, merge_h=MERGE_H, smallest_spread=1e-9)


METHODS: dict[str, Callable[[int], AnomalyDetector]] = {"ours": _ours, "isolation_forest": _forest}
