"""Training of synthesizers (S2): in the foreground or as a job, cancelled and resumed without loss, never done twice."""

from __future__ import annotations

import importlib.metadata
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.progress import Progress, untold
from workbench.domain.synthesis import (
    EpochLoss,
    SequenceColumns,
    SynthesisSettings,
    SynthesizerBackend,
)
from workbench.domain.synthetic_sets import (
    STATE_OF_JOB,
    SynthesizerRecord,
    SynthesizerState,
    SyntheticSet,
)
from workbench.errors import CorruptArtifact, EnvironmentFailure, Stopped, WorkbenchError
from workbench.store.files import write_atomically
from workbench.store.synthetic_files import FOLDER
from workbench.workflows.score import DISTRIBUTION

from .learning import WHAT, checked_training, learning_data
from .requests import refuse
from .sets import scope_of

if TYPE_CHECKING:
    import pandas as pd

    from workbench.tvae import Synthesizer
    from workbench.workspace import Workspace

CHECKPOINTS = FOLDER / "checkpoints"
LIBRARIES = {
    SynthesizerBackend.TEMPORAL: (DISTRIBUTION, "numpy", "pandas", "torch", "safetensors"),
    SynthesizerBackend.SDV: (DISTRIBUTION, "numpy", "pandas", "torch", "sdv", "ctgan"),
}
# How often the record is told how far the training is.
NOTED_EVERY_S = 2.0
# What every backend tells after an epoch.
_LOSS = re.compile(r"epoch (\d+) of \d+, loss (-?[\d.]+(?:e-?\d+)?)(?:, validation loss (-?[\d.]+(?:e-?\d+)?))?")


def train_synthesizer(
    ws: Workspace,
    learn_from: str | Sequence[str],
    *,
    epochs: int = 300,
    batch_size: int = 500,
    backend: SynthesizerBackend | str = SynthesizerBackend.TEMPORAL,
    seed: int | None = None,
    patience: int = 60,
    job_id: str | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SynthesizerRecord:
    """Train a synthesizer on seed data and return its record; ``workbench.submit`` does the same in the background.

    The same data, settings and libraries are the same synthesizer: trained already, it is returned at once; broken off,
    it goes on from its last checkpoint and ends as if it had never stopped.

    Args:
        ws: the workspace.
        learn_from: a machine (its newest seed data), a set of seed data, or several of either, whose common columns are
            learned, with the machine type as a condition where it differs.
        epochs: 50 to 1,000; training ends early when the loss of units kept aside gets no better.
        batch_size: 100 to 2,000.
        backend: ``temporal``, the workbench's own, or ``sdv``.
        seed: default the workspace's.
        patience: epochs without a better loss before training ends early.
        job_id: the job that this is the work of.
        actor: who trains.
        progress: told the fraction done, and in words epoch, loss and time left.
        should_stop: asked between epochs; the training is then cancelled, with a checkpoint.

    Raises:
        InputError: lists every fault of the request at once; nothing was changed.
        Stopped: ``should_stop`` said so; call again to go on.
        EnvironmentFailure: the backend's packages are not installed.
    """
    from workbench import tvae

    sets, settings = checked_training(
        ws, learn_from, epochs=epochs, batch_size=batch_size, backend=backend, seed=seed, patience=patience
    )
    frame, columns = learning_data(ws, sets)
    refuse(tvae.input_faults(frame, columns, settings), WHAT)
    record = _new_record(ws, sets, frame, columns, settings, job_id)
    known = ws.synthesizers.find(record.synthesizer_id)
    if known is not None and known.state is SynthesizerState.COMPLETED and _intact(ws, known):
        return known
    earlier = 0.0 if known is None else known.training_s
    losses = () if known is None else known.losses
    begun = record.model_copy(update={"training_s": earlier, "losses": losses})
    ws.synthesizers.begin(begun, ws.change("training of a synthesizer begun", actor))
    return _Training(ws, begun, actor, progress or untold).run(frame, should_stop)


class _Training:
    """One attempt at a training: tells how far it is, keeps checkpoints, and records how it ended."""

    def __init__(self, ws: Workspace, record: SynthesizerRecord, actor: Actor | None, progress: Progress) -> None:
        self._ws, self._record, self._actor, self._told = ws, record, actor, progress
        self._earlier_s = record.training_s
        self._began = self._noted = time.monotonic()
        self._first: tuple[float, float] | None = None

    @property
    def _took_s(self) -> float:
        return round(self._earlier_s + time.monotonic() - self._began, 3)

    def run(self, frame: pd.DataFrame, should_stop: Callable[[], bool] | None) -> SynthesizerRecord:
        """Train from the last checkpoint, or from the beginning; return the record of the completed synthesizer."""
        try:
            fitted = self._fit(frame, should_stop)
        except Stopped:
            self._ended(SynthesizerState.CANCELLED, "stopped before its end; train again to go on")
            raise
        except WorkbenchError as error:
            self._ended(SynthesizerState.FAILED, str(error))
            raise
        except Exception as error:
            self._ended(SynthesizerState.FAILED, f"Unexpected {type(error).__name__}: {error}")
            raise
        except BaseException:
            self._ended(SynthesizerState.CANCELLED, "interrupted; train again to go on")
            raise
        kept = None if self._record.settings.backend is SynthesizerBackend.SDV else fitted.to_bytes()
        change = self._ws.change("synthesizer trained", self._actor)
        done = self._record.model_copy(
            update={
                "losses": fitted.losses,
                "fraction": 1.0,
                "message": f"{len(fitted.losses)} of {self._record.settings.epochs} epochs",
                "training_s": self._took_s,
                "ended_at": change.at,
            }
        )
        completed = self._ws.synthesizers.complete(done, kept, change)
        self._checkpoint.unlink(missing_ok=True)
        self._told(1.0, "trained")
        return completed

    @property
    def _checkpoint(self) -> Path:
        return self._ws.path / CHECKPOINTS / self._record.synthesizer_id

    def _fit(self, frame: pd.DataFrame, should_stop: Callable[[], bool] | None) -> Synthesizer:
        from workbench import tvae

        record = self._record

        def fit(resume: bytes | None) -> Synthesizer:
            return tvae.fit_synthesizer(
                frame,
                record.columns,
                record.settings,
                progress=self._tell,
                should_stop=should_stop,
                on_checkpoint=lambda payload: write_atomically(self._checkpoint, payload),
                resume=resume,
            )

        if not self._checkpoint.is_file():
            return fit(None)
        try:
            return fit(self._checkpoint.read_bytes())
        except CorruptArtifact as error:
            note = f"the checkpoint could not be read ({error}), so training began anew"
            self._record = record.model_copy(update={"notes": (*record.notes, note)})
            return fit(None)

    def _tell(self, fraction: float, message: str) -> None:
        """Pass on how far it is, with the time left, and note it in the record now and then."""
        now = time.monotonic()
        if self._first is None:
            # Begins with the first epoch: loading, and what a resumed training had before, say nothing of its speed.
            self._first = (fraction, now)
        gained, spent = fraction - self._first[0], now - self._first[1]
        left = f", {_duration(spent / gained * (1 - fraction))} left" if gained > 0 and fraction < 1 else ""
        self._told(fraction, message + left)
        self._keep_loss(message)
        if now - self._noted >= NOTED_EVERY_S:
            self._noted = now
            self._record = self._record.model_copy(
                update={"fraction": min(max(fraction, 0.0), 1.0), "message": message + left, "training_s": self._took_s}
            )
            self._ws.synthesizers.note(self._record)

    def _keep_loss(self, message: str) -> None:
        """Keep the loss that a message tells: who watches sees the curve, and it outlives a process that is killed."""
        told = _LOSS.search(message)
        if told is None:
            return
        epoch, loss, aside = int(told[1]), float(told[2]), told[3]
        before = [one for one in self._record.losses if one.epoch < epoch]
        last = EpochLoss(epoch=epoch, loss=loss, validation_loss=None if aside is None else float(aside))
        self._record = self._record.model_copy(update={"losses": (*before, last)})

    def _ended(self, state: SynthesizerState, why: str) -> None:
        change = self._ws.change(f"training of a synthesizer {state.value}", self._actor)
        update = {"state": state, "error": why[:2000], "training_s": self._took_s, "ended_at": change.at}
        self._ws.synthesizers.end(self._record.model_copy(update=update), change)


def _duration(seconds: float) -> str:
    """Return a time that is left in words.

    >>> _duration(42), _duration(200), _duration(8000)
    ('42 s', '3 min', '2.2 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _new_record(
    ws: Workspace,
    sets: Sequence[SyntheticSet],
    frame: pd.DataFrame,
    columns: SequenceColumns,
    settings: SynthesisSettings,
    job_id: str | None,
) -> SynthesizerRecord:
    libraries = made_with(settings.backend)
    files = sorted(file.sha256 for one in sets for file in one.files.values())
    identity = (*files, columns.model_dump_json(), settings.model_dump_json(), *sorted(libraries.items()))
    machines = sorted({machine for one in sets for machine in one.machines})
    return SynthesizerRecord(
        synthesizer_id=stable_id("synthesizer", *identity),
        scope=scope_of(machines),
        state=SynthesizerState.RUNNING,
        machines=tuple(machines),
        learned_from=tuple(one.set_id for one in sets),
        columns=columns,
        settings=settings,
        units=int(frame[columns.unit].nunique()),
        rows=len(frame),
        started_at=ws.change("training").at,
        job_id=job_id,
        libraries=libraries,
    )


def made_with(backend: SynthesizerBackend) -> dict[str, str]:
    """Return the versions of what makes a synthesizer; raises ``EnvironmentFailure`` for what is not installed."""
    found = {}
    for name in LIBRARIES[backend]:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError as error:
            wanted = "synthesis" if backend is SynthesizerBackend.SDV else "deep"
            raise EnvironmentFailure(
                f"The backend {backend} needs {name}, which is not installed.",
                f"Run: pip install '{DISTRIBUTION}[{wanted}]'",
            ) from error
    return found


def _intact(ws: Workspace, known: SynthesizerRecord) -> bool:
    """Say whether a completed synthesizer can be used: its file is sound, or it is refitted anyway."""
    if known.artifact_sha256 is None:
        return True
    try:
        ws.synthesizers.payload(known.synthesizer_id)
    except CorruptArtifact:
        return False
    return True


def synthesizers(ws: Workspace) -> list[SynthesizerRecord]:
    """Return all synthesizers, the newest first, each with the state that its training is in at this moment.

    One that a job trains is as far as its job: a job that was cancelled or died could not write its own end.
    """
    return [_as_its_job(ws, record) for record in ws.synthesizers.all()]


def _as_its_job(ws: Workspace, record: SynthesizerRecord) -> SynthesizerRecord:
    if record.state is not SynthesizerState.RUNNING or record.job_id is None:
        return record
    job = ws.jobs.find(record.job_id)
    if job is None:
        return record
    return record.model_copy(update={"state": STATE_OF_JOB[job.state], "error": record.error or job.error})
