"""The door to training: checks what is given, hands it to the backend asked for, and reads synthesizers back."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from workbench.domain.progress import Progress, untold
from workbench.domain.synthesis import SequenceColumns, SynthesisSettings, SynthesizerBackend
from workbench.errors import CorruptArtifact

from .checks import input_faults, refuse
from .contract import Synthesizer
from .packing import REMEDY, unpack


def fit_synthesizer(
    frame: pd.DataFrame,
    columns: SequenceColumns,
    settings: SynthesisSettings,
    *,
    progress: Progress = untold,
    should_stop: Callable[[], bool] | None = None,
    on_checkpoint: Callable[[bytes], None] | None = None,
    resume: bytes | None = None,
) -> Synthesizer:
    """Train a synthesizer on sequences, one row per time or cycle.

    Args:
        frame: the sequences; columns that ``columns`` does not name are left out.
        columns: what the columns mean.
        settings: epochs, batch size, seed, backend.
        progress: told the share of epochs done and a message with epoch and loss.
        should_stop: asked before every epoch.
        on_checkpoint: given bytes every ``settings.checkpoint_every`` epochs, and a last time before a stop.
        resume: the bytes of a checkpoint; the result is that of a run that was never interrupted.

    Raises:
        InputError: settings outside the limits, columns missing or empty, too few units; every fault at once.
        Stopped: ``should_stop`` said so.
        EnvironmentFailure: torch, or for that backend SDV, is not installed.
    """
    refuse(input_faults(frame, columns, settings), "The synthesizer's training")
    if settings.backend is SynthesizerBackend.SDV:
        from .sdv_backend import fit_sdv

        return fit_sdv(frame, columns, settings, progress=progress, should_stop=should_stop, resume=resume)
    from .temporal import fit_temporal

    return fit_temporal(
        frame,
        columns,
        settings,
        progress=progress,
        should_stop=should_stop,
        on_checkpoint=on_checkpoint,
        resume=resume,
    )


def load_synthesizer(data: bytes) -> Synthesizer:
    """Return the synthesizer whose ``to_bytes`` these are; raises ``CorruptArtifact`` for any others."""
    from .temporal import KIND, load_temporal

    facts, _ = unpack(data)
    if facts.get("kind") != KIND:
        raise CorruptArtifact("The bytes are no synthesizer but something else of this workbench.", REMEDY)
    return load_temporal(data)
