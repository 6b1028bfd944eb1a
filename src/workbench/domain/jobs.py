"""Work that runs in the background: jobs, how far they are, and the schedules that submit them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from .base import Frozen, Name, Probability, Text, UtcTime

# A job whose worker died is begun again; the third time it must end.
MAX_ATTEMPTS = 3


class JobKind(StrEnum):
    """What a job does; each is a public verb that runs in the background."""

    TRAIN = "train"
    CYCLE = "cycle"
    REPORT = "report"
    REPORT_BATCH = "report_batch"
    DRIFT = "drift"
    NOTICES = "notices"
    TRAIN_SYNTHESIZER = "train_synthesizer"
    GENERATE = "generate"
    JUDGE_SYNTHETIC = "judge_synthetic"


class JobState(StrEnum):
    """Life of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_JOB_STATES = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(Frozen):
    """One piece of background work; its id is also that of its durable workflow."""

    job_id: str
    kind: JobKind
    parameters: dict[str, object] = {}
    state: JobState = JobState.QUEUED
    submitted_at: UtcTime
    submitted_by: str
    schedule_id: str | None = None
    attempts: int = Field(default=0, ge=0, description="how often a worker began it; at most 3")
    executor_id: str = Field(default="", description="worker that runs it, or ran it last")
    started_at: UtcTime | None = None
    as_of: UtcTime | None = Field(
        default=None,
        description="instant that it looks at, set when it first begins; a retry keeps it and what was done",
    )
    ended_at: UtcTime | None = None
    result: dict[str, object] = {}
    error: str = Field(default="", description="why it failed or was cancelled, in words")

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it, unless it is retried."""
        return self.state in ENDED_JOB_STATES


class JobProgress(Frozen):
    """How far a job is; written at most once a second."""

    job_id: str
    fraction: Probability
    message: str = ""
    at: UtcTime


class Schedule(Frozen):
    """When a job is submitted again and again: a cron expression in the time zone of a site."""

    schedule_id: Name
    title: Text
    cron: str = Field(description="five fields: minute hour day-of-month month day-of-week", examples=["30 2 * * *"])
    time_zone: str = Field(description="e.g. Europe/Berlin; cron is read in local wall time")
    kind: JobKind
    parameters: dict[str, object] = {}
    paused: bool = False
    created_at: UtcTime
    active_since: UtcTime = Field(description="runs due before this instant are never made up for")

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"time zone {value!r} is unknown; use a name such as Europe/Berlin") from error
        return value
