"""The Parquet files of synthetic sets: written whole or not at all, and read only when they are what was recorded."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.synthetic_sets import SyntheticFile, SyntheticSet
from workbench.errors import CorruptArtifact, InputError

from .faults import file_faults
from .files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path("data") / "synthetic"
# What a reader of the bare file is told; pandas keeps it beside its own.
MARK = b"workbench"


def write_rows(root: Path, set_id: str, part: str, frame: pd.DataFrame) -> tuple[Path, bytes]:
    """Write the rows of one part of a set, marked as simulated; return their place below ``root`` and the file's content."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    mark = json.dumps({"simulated": True, "set_id": set_id, "part": part}).encode()
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({**(table.schema.metadata or {}), MARK: mark}), sink, compression="zstd"
    )
    place = FOLDER / set_id / f"{part}.parquet"
    write_atomically(root / place, sink.getvalue())
    return place, sink.getvalue()


def read_rows(root: Path, known: SyntheticSet, part: str | None = None) -> pd.DataFrame:
    """Return the rows of one part of a set; None: its first.

    Raises:
        InputError: the set has no such part.
        CorruptArtifact: the file is missing or was changed.
    """
    import pandas as pd

    chosen = part or next(iter(known.files))
    if chosen not in known.files:
        raise InputError(f"Set {known.set_id!r} has no part {chosen!r}.", f"Use one of: {', '.join(known.files)}.")
    return pd.read_parquet(io.BytesIO(_content(root, known, known.files[chosen])))


def _content(root: Path, known: SyntheticSet, file: SyntheticFile) -> bytes:
    path = root / file.path
    again = f"seed {known.scope}" if known.synthesizer_id is None else f"generate {known.synthesizer_id}"
    remedy = f"Put it back from a backup, or make the set again: workbench synthetic {again}"
    if not path.is_file():
        raise CorruptArtifact(f"The file {path} of a synthetic set is missing.", remedy)
    with file_faults(path):
        payload = path.read_bytes()
    if hashlib.sha256(payload).hexdigest() != file.sha256:
        raise CorruptArtifact(f"The file {path} of a synthetic set was changed since it was made.", remedy)
    return payload


def intact(root: Path, known: SyntheticSet) -> bool:
    """Say whether all files of a set are there and unchanged."""
    try:
        for file in known.files.values():
            _content(root, known, file)
    except CorruptArtifact:
        return False
    return True
