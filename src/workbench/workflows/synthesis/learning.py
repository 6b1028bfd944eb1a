"""What a synthesizer learns from: sets of seed data by their ids or their machines, and their rows as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.domain.synthesis import SequenceColumns, SynthesisSettings, SynthesizerBackend
from workbench.domain.synthetic_sets import SetKind, SyntheticSet
from workbench.errors import InputError
from workbench.store.synthetic_files import read_rows

from .requests import in_a_line, refuse

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

MACHINE_TYPE = "machine_type"
WHAT = "The request for a synthesizer"


def checked_training(
    ws: Workspace,
    learn_from: str | Sequence[str],
    *,
    epochs: int,
    batch_size: int,
    backend: SynthesizerBackend | str,
    seed: int | None,
    patience: int,
) -> tuple[list[SyntheticSet], SynthesisSettings]:
    """Return what is learned from and how; raises ``InvalidDocument`` that lists every fault at once."""
    sets, faults = seed_sets(ws, learn_from)
    try:
        chosen = SynthesizerBackend(backend)
    except ValueError:
        faults.append(f"backend {str(backend)!r} is unknown; use one of: {', '.join(SynthesizerBackend)}")
        chosen = SynthesizerBackend.TEMPORAL
    used = ws.settings.seed if seed is None else seed
    settings = SynthesisSettings(backend=chosen, epochs=epochs, batch_size=batch_size, seed=used, patience=patience)
    refuse([*faults, *settings.faults()], WHAT)
    return sets, settings


def seed_sets(ws: Workspace, learn_from: str | Sequence[str]) -> tuple[list[SyntheticSet], list[str]]:
    """Return the sets of seed data that are meant, and in words what is meant by none."""
    names = [learn_from] if isinstance(learn_from, str) else list(learn_from)
    found: dict[str, SyntheticSet] = {}
    faults = [] if names else ["no machine and no set of seed data is named"]
    for name in names:
        try:
            one = _seed_set(ws, name)
        except InputError as error:
            faults.append(in_a_line(error))
        else:
            found[one.set_id] = one
    return list(found.values()), faults


def _seed_set(ws: Workspace, name: str) -> SyntheticSet:
    """Return the set of this id, or the newest seed data of the machine of this name."""
    known = ws.synthetic_sets.find(name)
    if known is not None and known.kind is not SetKind.SEED:
        raise InputError(f"Set {name!r} was generated.", "A synthesizer learns from seed data only.")
    if known is not None:
        return known
    if name not in ws.machines.ids():
        # Names close matches among machines, which is what people type.
        ws.machines.get(name)
    newest = ws.synthetic_sets.of_kind(SetKind.SEED, name)
    if not newest:
        raise InputError(f"There is no seed data of {name!r} yet.", f"Make some with: workbench synthetic seed {name}")
    return newest[0]


def learning_data(ws: Workspace, sets: Sequence[SyntheticSet]) -> tuple[pd.DataFrame, SequenceColumns]:
    """Return the rows of sets of seed data as one table, with the columns that they have in common.

    Raises ``InputError`` when they have no sensor in common, and ``CorruptArtifact`` for a changed file.
    """
    import pandas as pd

    first = sets[0].columns
    common = [name for name in first.continuous if all(name in one.columns.continuous for one in sets)]
    if not common:
        raise InputError("The sets of seed data have no sensor in common.", "Learn from machines of one type.")
    frames, types = [], {}
    for one in sets:
        types[one.set_id] = ws.machines.get(one.machines[0]).machine_type
        frames.append(read_rows(ws.path, one).assign(**{MACHINE_TYPE: types[one.set_id]}))
    mixed = (MACHINE_TYPE,) if len(set(types.values())) > 1 else ()
    columns = first.model_copy(
        update={
            "continuous": tuple(common),
            "categorical": (*first.categorical, *mixed),
            "conditions": (*first.conditions, *mixed),
        }
    )
    table = pd.concat(frames, ignore_index=True)
    if len(sets) > 1:
        # Two sets of one machine number their lives alike.
        owner = [one.set_id[:8] for one, frame in zip(sets, frames, strict=True) for _ in range(len(frame))]
        table[columns.unit] = table[columns.unit] + "_" + pd.Series(owner, dtype=object)
    return table[list(columns.used)], columns
