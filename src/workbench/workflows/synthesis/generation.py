"""Generated sets (S3): train, validation and test sequences from a synthesizer, none of a unit that another holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workbench.domain.base import Actor, stable_id
from workbench.domain.progress import Progress, untold
from workbench.domain.synthesis import SynthesisCondition, SynthesizerBackend
from workbench.domain.synthetic_sets import (
    GENERATED_ROWS,
    SetKind,
    SynthesizerRecord,
    SynthesizerState,
    SyntheticFile,
    SyntheticSet,
)
from workbench.errors import NotFound, Stopped
from workbench.store.synthetic_files import intact
from workbench.workflows.model_cache import MostRecent

from .learning import learning_data
from .requests import SEEDS, in_a_line, limit_faults, refuse
from .sets import TEST, TRAIN, VALIDATION, write_part

if TYPE_CHECKING:
    import pandas as pd

    from workbench.tvae import Synthesizer
    from workbench.workspace import Workspace

# Synthesizers in memory, by their id and the sha256 of their files (S5).
cache: MostRecent[Synthesizer] = MostRecent(5)


def generate(
    ws: Workspace,
    synthesizer_id: str,
    *,
    train: int = 35_000,
    validation: int = 7_500,
    test: int = 7_500,
    condition: SynthesisCondition | Mapping[str, Any] | None = None,
    seed: int | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SyntheticSet:
    """Generate train, validation and test sequences as Parquet in ``data/synthetic/`` and return their record.

    Each part is drawn with a seed of its own and has units of its own, so that nothing of one part is in another. The same
    request again returns the set that is there.

    Args:
        ws: the workspace.
        synthesizer_id: a synthesizer whose training is completed.
        train: rows to train on, 1,000 to 1,000,000.
        validation: rows to choose by, at most half of ``train``.
        test: rows to judge by, at most half of ``train``.
        condition: what the sequences have in common, e.g. bearing wear in its last 100 hours:
            ``{"conditions": {"failure_mode": "bearing_wear"}, "remaining_life": (0, 100)}``; None: as in training.
        seed: default the workspace's.
        actor: who asks for it.
        progress: told the fraction done.
        should_stop: asked between the parts.

    Raises:
        InputError: lists every fault of the request at once; nothing was made.
        Stopped: ``should_stop`` said so; nothing was recorded.
        CorruptArtifact: the synthesizer's file is missing or was changed.
    """
    tell = progress or untold
    base = ws.settings.seed if seed is None else seed
    rows = {TRAIN: train, VALIDATION: validation, TEST: test}
    wanted = checked_generation(ws, synthesizer_id, **rows, condition=condition, seed=seed)
    record = ws.synthesizers.get(synthesizer_id)
    asked = wanted.model_dump_json() if wanted else ""
    set_id = stable_id("generated", record.synthesizer_id, record.artifact_sha256, *rows.values(), base, asked)
    known = ws.synthetic_sets.find(set_id)
    if known is not None and intact(ws.path, known):
        return known
    tell(0.0, "loading the synthesizer")
    synthesizer = load(ws, record)
    files: dict[str, SyntheticFile] = {}
    step_h = 0.0
    for number, (part, number_of_rows) in enumerate(rows.items()):
        if should_stop is not None and should_stop():
            raise Stopped("The generation of synthetic data was stopped.", "Ask for it again.")
        tell((1 + number) / 4, f"{part}: {number_of_rows:,} rows")
        own = part_seed(base, set_id, part)
        draw = partial(_sequences, synthesizer, part, number_of_rows, own, wanted)
        files[part], frame = write_part(ws, set_id, part, draw, unit=record.columns.unit, seed=own)
        if part == TRAIN:
            step_h = float(frame.groupby(record.columns.unit)[record.columns.order].diff().median())
    change = ws.change("synthetic data generated", actor)
    made = SyntheticSet(
        set_id=set_id,
        kind=SetKind.GENERATED,
        scope=record.scope,
        machines=record.machines,
        created_at=change.at,
        columns=record.columns,
        files=files,
        seed=base,
        step_h=step_h,
        synthesizer_id=record.synthesizer_id,
        condition=wanted,
    )
    ws.synthetic_sets.put(made, change)
    tell(1.0, "generated")
    return made


def checked_generation(
    ws: Workspace,
    synthesizer_id: str,
    *,
    train: int,
    validation: int,
    test: int,
    condition: SynthesisCondition | Mapping[str, Any] | None,
    seed: int | None,
) -> SynthesisCondition | None:
    """Return the condition; raises ``InvalidDocument`` that lists every fault of the request at once."""
    wanted, faults = request_faults(ws, synthesizer_id, condition)
    rows = {TRAIN: train, VALIDATION: validation, TEST: test}
    faults += row_faults(rows, ws.settings.seed if seed is None else seed)
    refuse(faults, "The request for synthetic data")
    return wanted


def row_faults(rows: Mapping[str, int], seed: int) -> list[str]:
    """Return the numbers of rows that cannot be made, in words."""
    faults = limit_faults({TRAIN: (rows[TRAIN], GENERATED_ROWS), "seed": (seed, SEEDS)})
    for part in (VALIDATION, TEST):
        most = rows[TRAIN] // 2
        if not 1 <= rows[part] <= max(most, 1):
            faults.append(f"{part} is {rows[part]:,}; give 1 to {max(most, 1):,}, half of train")
    return faults


def request_faults(
    ws: Workspace, synthesizer_id: str, condition: SynthesisCondition | Mapping[str, Any] | None
) -> tuple[SynthesisCondition | None, list[str]]:
    """Return the condition, and what is wrong with it or with the synthesizer, in words."""
    faults: list[str] = []
    wanted: SynthesisCondition | None = None
    try:
        wanted = None if condition is None else SynthesisCondition.model_validate(condition)
    except ValidationError as error:
        faults += [f"condition: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()]
    try:
        record = ws.synthesizers.get(synthesizer_id)
    except NotFound as error:
        return wanted, [in_a_line(error), *faults]
    if record.state is not SynthesizerState.COMPLETED:
        faults.append(f"synthesizer {synthesizer_id!r} is {record.state}; only a completed one can generate")
    if wanted is not None:
        faults += condition_faults(ws, record, wanted)
    return wanted, faults


def condition_faults(ws: Workspace, record: SynthesizerRecord, condition: SynthesisCondition) -> list[str]:
    """Return what of a condition the synthesizer has never seen, in words."""
    columns, faults = record.columns, []
    if condition.remaining_life is not None and columns.remaining_life is None:
        faults.append("remaining_life cannot be asked for: the synthesizer knows no life left")
    strange = sorted(set(condition.conditions) - set(columns.conditions))
    if strange:
        known = ", ".join(columns.conditions) or "none"
        faults.append(f"{', '.join(strange)} is no column of condition; known: {known}")
    named = {name: value for name, value in condition.conditions.items() if name not in strange}
    if named:
        sets = [found for one in record.learned_from if (found := ws.synthetic_sets.find(one))]
        frame, _ = learning_data(ws, sets)
        for name, value in sorted(named.items()):
            values = sorted(map(str, frame[name].dropna().unique()))
            if value not in values:
                faults.append(f"{name} {value!r} was not in training; known: {', '.join(values)}")
    return faults


def part_seed(seed: int, *purpose: str) -> int:
    """Return the seed of one part of a set: as good as certainly another for each purpose."""
    digest = hashlib.sha256("\x1f".join((str(seed), *purpose)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _sequences(
    synthesizer: Synthesizer, part: str, rows: int, seed: int, condition: SynthesisCondition | None
) -> pd.DataFrame:
    """Return the rows of one part, with names of units that no other part has."""
    frame = synthesizer.sample(rows=rows, seed=seed, condition=condition)
    unit = synthesizer.columns.unit
    return frame.assign(**{unit: [f"{part}_{name}" for name in frame[unit]]})


def load(ws: Workspace, record: SynthesizerRecord) -> Synthesizer:
    """Return a completed synthesizer; its file is read, verified and parsed once while it stays in memory.

    SDV's are not kept as files: they are fitted again from the same data, settings and seed.
    """
    from workbench import tvae

    def make() -> Synthesizer:
        if record.settings.backend is not SynthesizerBackend.SDV:
            return tvae.load_synthesizer(ws.synthesizers.payload(record.synthesizer_id))
        sets = [ws.synthetic_sets.get(one) for one in record.learned_from]
        frame, columns = learning_data(ws, sets)
        return tvae.fit_synthesizer(frame, columns, record.settings)

    return cache.get((str(ws.path), record.synthesizer_id, record.artifact_sha256), make)
