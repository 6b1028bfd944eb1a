"""Alarms counted as episodes, the way a maintenance desk feels them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .uncertainty import clopper_pearson

HOURS_PER_MONTH = 730.5


@dataclass(frozen=True)
class EpisodeScores:
    """Alarms counted the way a maintenance desk feels them: failures caught, and calls for nothing."""

    events: int
    detected: int
    event_recall: float
    event_recall_interval: tuple[float, float]
    false_alarm_episodes: int
    false_alarm_h: float
    machine_months: float
    lead_times_h: tuple[float, ...]

    @property
    def false_alarm_episodes_per_machine_month(self) -> float:
        """False-alarm episodes over machine-months observed."""
        return self.false_alarm_episodes / self.machine_months

    @property
    def lead_time_h(self) -> float:
        """Median time from the first alarm in the window to the failure, over detected failures; NaN without any."""
        return float(np.median(self.lead_times_h)) if self.lead_times_h else float("nan")


def episode_scores(
    alarm: npt.ArrayLike,
    unit: npt.ArrayLike,
    time_h: npt.ArrayLike,
    failures_h: Mapping[str, Sequence[float]],
    *,
    horizon_h: float = 24.0,
    gap_h: float = 24.0,
    step_h: float = 1.0,
) -> EpisodeScores:
    """Count failures that were announced and alarm episodes that were not followed by one.

    A failure at f is detected by an alarm at t with f in (t, t + ``horizon_h``]. Alarms of one unit less than
    ``gap_h`` apart are one episode; a failure ends an episode, since what is said after the repair is said of a
    mended machine. An episode is false when no alarm in it was followed by a failure within the horizon. Failures
    without any sample in their window are not counted.

    Args:
        alarm: whether each sample raises an alarm.
        unit: unit of each sample.
        time_h: time of each sample in hours from any common origin.
        failures_h: failure times of each unit, same origin.
        horizon_h: how far ahead an alarm may lie to count.
        gap_h: alarms closer than this are one episode.
        step_h: time that one sample stands for.

    >>> s = episode_scores([0, 1, 1, 0, 1], ["m"] * 5, [0, 10, 11, 20, 80], {"m": [30.0]})
    >>> s.detected, s.false_alarm_episodes, s.lead_time_h
    (1, 1, 20.0)
    """
    called, names, moments = np.asarray(alarm, dtype=bool), np.asarray(unit), np.asarray(time_h, dtype=float)
    events = false_episodes = false_rows = 0
    leads: list[float] = []
    for name in np.unique(names):
        mine = names == name
        at = np.sort(moments[mine])
        alarms = np.sort(moments[mine & called])
        failures = np.sort(np.asarray(failures_h.get(str(name), ()), dtype=float))
        for failure in failures:
            if not ((at < failure) & (at >= failure - horizon_h)).any():
                continue
            events += 1
            early = alarms[(alarms < failure) & (alarms >= failure - horizon_h)]
            leads += [float(failure - early[0])] if early.size else []
        following = np.searchsorted(failures, alarms, side="right")  # index of the first failure after each alarm
        ahead = np.append(failures, np.inf)[following] - alarms
        followed = ahead <= horizon_h
        starts = np.append(True, (np.diff(alarms) >= gap_h) | (np.diff(following) > 0))[: alarms.size]
        episode = np.cumsum(starts) - 1
        if alarms.size:
            true_alarms = np.bincount(episode, weights=followed)
            false_episodes += int(np.sum(true_alarms == 0))
            false_rows += int(np.sum(~followed))
    return EpisodeScores(
        events=events,
        detected=len(leads),
        event_recall=len(leads) / events if events else float("nan"),
        event_recall_interval=clopper_pearson(len(leads), events),
        false_alarm_episodes=false_episodes,
        false_alarm_h=false_rows * step_h,
        machine_months=called.size * step_h / HOURS_PER_MONTH,
        lead_times_h=tuple(leads),
    )
