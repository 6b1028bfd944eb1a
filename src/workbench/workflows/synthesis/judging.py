"""What generated sets are worth (S4), against what they were learned from and lives that nothing has seen; statistics (S5)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workbench.domain.base import Actor
from workbench.domain.progress import Progress, untold
from workbench.domain.synthesis import QualityReport, SequenceColumns
from workbench.domain.synthetic_sets import SetKind, SynthesisStatistics, SyntheticSet
from workbench.errors import InputError
from workbench.store.synthetic_files import read_rows

from .generation import cache, part_seed
from .learning import MACHINE_TYPE, learning_data
from .seeds import fresh_lives
from .sets import SEED, TRAIN
from .training import synthesizers

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace


def judge_synthetic(
    ws: Workspace,
    set_id: str,
    *,
    seed: int | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> QualityReport:
    """Judge a generated set by the protocol of the benchmark ``tvae``, record the verdicts, and return them.

    Its ``train`` part (no more units than were learned from) is held against the seed data that the synthesizer learned
    from, and against fresh lives of the same machines, drawn from their twins with other seeds. A set made under a
    condition is held against the rows that meet it.

    Raises:
        InputError: the set is seed data, or nothing that was learned from meets its condition.
        NotFound: there is no such set; close matches are named.
        CorruptArtifact: a file is missing or was changed.
        EnvironmentFailure: the packages that judge are not installed.
    """
    from workbench import tvae

    tell = progress or untold
    known = ws.synthetic_sets.get(set_id)
    if known.synthesizer_id is None:
        raise InputError(f"Set {set_id!r} is seed data.", "Judge a set that was generated from it.")
    tell(0.0, "reading what it was learned from")
    record = ws.synthesizers.get(known.synthesizer_id)
    sets = [ws.synthetic_sets.get(one) for one in record.learned_from]
    base = ws.settings.seed if seed is None else seed
    learned, columns = learning_data(ws, sets)
    tell(0.1, "drawing fresh lives")
    held_out, learned = known.alike(_fresh(ws, sets, columns, base)), known.alike(learned)
    if learned.empty or held_out.empty:
        raise InputError(
            f"Nothing that set {set_id!r} was learned from meets its condition.", "Generate with another condition."
        )
    synthetic = first_units(read_rows(ws.path, known, TRAIN), columns, int(learned[columns.unit].nunique()))
    tell(0.3, "comparing")
    quality = tvae.judge(synthetic, learned, held_out, columns, seed=base)
    change = ws.change("synthetic data judged", actor)
    ws.synthetic_sets.judge(set_id, quality, change.at, change)
    tell(1.0, "judged")
    return quality


def _fresh(ws: Workspace, sets: list[SyntheticSet], columns: SequenceColumns, seed: int) -> pd.DataFrame:
    """Return as many lives of the same machines again, with seeds that seed data was never made with."""
    import pandas as pd

    frames = []
    for one in sets:
        machine_id, rows = one.machines[0], one.files[SEED].rows
        lives = fresh_lives(ws, machine_id, rows, one.failure_mode, part_seed(seed, one.set_id, "held out"))
        own = lives.assign(**{MACHINE_TYPE: ws.machines.get(machine_id).machine_type})
        own[columns.unit] = own[columns.unit] + f"_{one.set_id[:8]}_held_out"
        frames.append(own[list(columns.used)])
    return pd.concat(frames, ignore_index=True)


def first_units(frame: pd.DataFrame, columns: SequenceColumns, most: int) -> pd.DataFrame:
    """Return the rows of the first ``most`` units."""
    names = frame[columns.unit].drop_duplicates().head(most)
    return frame[frame[columns.unit].isin(names)].reset_index(drop=True)


def synthesis_statistics(ws: Workspace) -> SynthesisStatistics:
    """Return what the synthesis service of a workspace has done and holds (S5)."""
    trained, sets = synthesizers(ws), ws.synthetic_sets.all()
    generated = [one for one in sets if one.kind is SetKind.GENERATED]
    judged = [one.quality for one in generated if one.quality is not None]
    trusted = [quality for quality in judged if quality.trustworthy]
    qualities = [f.value for quality in trusted for f in quality.figures if f.name == "quality" and f.value is not None]
    made_s = sum(file.made_s for one in generated for file in one.files.values())
    return SynthesisStatistics(
        synthesizers=dict(Counter(record.state.value for record in trained)),
        sets=dict(Counter(one.kind.value for one in sets)),
        rows={kind.value: sum(one.rows for one in sets if one.kind is kind) for kind in SetKind},
        size=sum(one.size for one in sets),
        training_s=round(sum(record.training_s for record in trained), 3),
        generated_rows_per_s=sum(one.rows for one in generated) / made_s if made_s else None,
        judged=len(judged),
        trustworthy=len(trusted),
        passed=sum(quality.passed for quality in judged),
        mean_quality=sum(qualities) / len(qualities) if qualities else None,
        in_memory=len(cache),
        most_in_memory=cache.size,
    )
