"""Anomalies over a past record: episodes in which a machine's readings were strange."""

from __future__ import annotations

from pydantic import Field

from .base import Frozen, MachineId, Probability, UtcTime
from .predictions import Contribution, Evidence, Severity


class AnomalyEpisode(Frozen):
    """A stretch of alarms: neighbours that lie closer than the detector's merging time are one episode.

    ``sensors``: those that caused it, strongest first, with their mean over the alarms. ``ongoing``: it may not be over,
    because the record ends before the merging time has passed.
    """

    start: UtcTime
    end: UtcTime = Field(description="time of the last alarm")
    severity: Severity
    peak_score: Probability
    peak_at: UtcTime
    alarms: int = Field(ge=1, description="readings above the threshold")
    ongoing: bool
    sensors: tuple[Contribution, ...] = ()


class AnomalyHistory(Frozen):
    """The anomalies of one machine between two instants, and what told them.

    ``judged``: readings that got a score; ``threshold``: None where ``evidence`` says that nothing could be judged.
    """

    machine_id: MachineId
    start: UtcTime
    end: UtcTime
    evidence: Evidence
    detector: str = Field(default="", description="`fleet` or `type:...` (the active model's scope), or `own`")
    model_version: str = ""
    threshold: Probability | None = None
    judged: int = 0
    episodes: tuple[AnomalyEpisode, ...] = ()
