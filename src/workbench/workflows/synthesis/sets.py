"""The parts of synthetic sets: made, timed and written; read back by whoever has the set's id."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.domain.synthetic_sets import FLEET, SyntheticFile
from workbench.store.synthetic_files import read_rows, write_rows

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

SEED, TRAIN, VALIDATION, TEST = "seed", "train", "validation", "test"


def write_part(
    ws: Workspace, set_id: str, part: str, make: Callable[[], pd.DataFrame], *, unit: str, seed: int
) -> tuple[SyntheticFile, pd.DataFrame]:
    """Make the rows of one part of a set and write them; return how many they are, how long both took, and the rows."""
    began = time.perf_counter()
    frame = make()
    made = time.perf_counter()
    place, payload = write_rows(ws.path, set_id, part, frame)
    file = SyntheticFile(
        path=place.as_posix(),
        rows=len(frame),
        units=int(frame[unit].nunique()),
        size=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
        seed=seed,
        made_s=round(made - began, 4),
        written_s=round(time.perf_counter() - made, 4),
    )
    return file, frame


def read_synthetic(ws: Workspace, set_id: str, part: str | None = None) -> pd.DataFrame:
    """Return one part of a synthetic set: ``seed`` of seed data; ``train`` (the default), ``validation`` or ``test``.

    Columns are those of the record's ``columns``. Simulated rows: keep them apart from what machines measured.

    Raises:
        NotFound: there is no such set; close matches are named.
        InputError: the set has no such part.
        CorruptArtifact: the file is missing or was changed.
    """
    return read_rows(ws.path, ws.synthetic_sets.get(set_id), part)


def scope_of(machines: Sequence[str]) -> str:
    """Return the machine, or ``fleet`` for several."""
    return machines[0] if len(machines) == 1 else FLEET
