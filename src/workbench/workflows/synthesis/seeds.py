"""Seed data (S1): run-to-failure lives of one machine from its twin, kept as a set of their own."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.progress import Progress, untold
from workbench.domain.synthetic_sets import SEED_ROWS, SetKind, SyntheticSet
from workbench.errors import NotFound
from workbench.store.synthetic_files import intact
from workbench.workflows.score import DISTRIBUTION

from .requests import SEEDS, in_a_line, limit_faults, refuse
from .sets import SEED, write_part

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace


def seed_data(
    ws: Workspace,
    machine_id: str,
    *,
    rows: int = 10_000,
    failure_mode: str | None = None,
    seed: int | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SyntheticSet:
    """Make lives of a machine that end in failure, with the life left at each row, and return their record.

    The machine's physical twin runs many lives (``notes`` says so where another source gives them); each is given as means
    over even steps of operating hours, from healthy to the failure. The rows lie in ``data/synthetic/`` as Parquet, marked
    as simulated; ``read_synthetic`` reads them. The same request again returns the set that is there.

    Args:
        ws: the workspace.
        machine_id: a machine whose profile has a twin section.
        rows: 1,000 to 100,000.
        failure_mode: the mode that every life ends in; None: whichever comes first, as in a plant.
        seed: of the random numbers; another seed gives other lives. Default: the workspace's.
        actor: who asks for it.
        progress: told the fraction of rows made.
        should_stop: asked now and then.

    Raises:
        InvalidDocument: an ``InputError`` that lists every fault of the request at once.
        Stopped: ``should_stop`` said so; nothing was recorded.
    """
    from workbench.twin import seed_columns, seed_notes
    from workbench.twin.state_model import physics_of

    seed = ws.settings.seed if seed is None else seed
    refuse(seed_faults(ws, machine_id, rows=rows, failure_mode=failure_mode, seed=seed), "The request for seed data")
    profile = ws.machines.get(machine_id)
    site = ws.sites.find(profile.site_id)
    release = importlib.metadata.version(DISTRIBUTION)
    basis = (profile.model_dump_json(), site.model_dump_json() if site else "", release)
    set_id = stable_id("seed data", physics_of(profile), *basis, rows, failure_mode, seed)
    known = ws.synthetic_sets.find(set_id)
    if known is not None and intact(ws.path, known):
        return known
    columns = seed_columns(profile)
    file, lives = write_part(
        ws, set_id, SEED, lambda: fresh_lives(ws, machine_id, rows, failure_mode, seed, progress or untold, should_stop),
        unit=columns.unit, seed=seed,
    )  # fmt: skip
    change = ws.change("seed data made", actor)
    made = SyntheticSet(
        set_id=set_id,
        kind=SetKind.SEED,
        scope=machine_id,
        machines=(machine_id,),
        created_at=change.at,
        columns=columns,
        files={SEED: file},
        seed=seed,
        step_h=float(lives[columns.order].diff().abs().median()),
        failure_mode=failure_mode,
        notes=seed_notes(profile),
    )
    ws.synthetic_sets.put(made, change)
    return made


def fresh_lives(
    ws: Workspace,
    machine_id: str,
    rows: int,
    failure_mode: str | None,
    seed: int,
    progress: Progress = untold,
    should_stop: Callable[[], bool] | None = None,
) -> pd.DataFrame:
    """Return lives of a machine from its twin; another seed gives lives that share none with it."""
    from workbench.twin import seed_sequences

    profile = ws.machines.get(machine_id)
    site = ws.sites.find(profile.site_id)
    return seed_sequences(
        profile, rows=rows, seed=seed, failure_mode=failure_mode, site=site, progress=progress, should_stop=should_stop
    )


def seed_faults(ws: Workspace, machine_id: str, *, rows: int, failure_mode: str | None, seed: int) -> list[str]:
    """Return everything that stands in the way of making seed data, in words."""
    from workbench.twin import seed_modes

    faults = limit_faults({"rows": (rows, SEED_ROWS), "seed": (seed, SEEDS)})
    try:
        profile = ws.machines.get(machine_id)
    except NotFound as error:
        return [in_a_line(error), *faults]
    known = sorted(seed_modes(profile))
    if profile.twin is None:
        faults.append(f"machine {machine_id!r} has no `twin` section in its profile; the type templates show one")
    elif not known:
        faults.append(
            f"the twin of {machine_id!r} has no failure modes (`composition: modes:` or `faults`), so no life of it ever ends"
        )
    elif failure_mode is not None and failure_mode not in known:
        faults.append(
            f"failure_mode {failure_mode!r} is none that the twin of {machine_id!r} knows; known: {', '.join(known)}"
        )
    return faults
