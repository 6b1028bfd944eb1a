"""A hash of the content of an Arrow table, the same however its rows are chunked."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.telemetry.readers.sources import as_text


def hash_table(table: pa.Table) -> str:
    """Return a sha256 over names, types and values; null and NaN count as the same gap."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        digests = list(pool.map(_hash_column, table.columns))
    whole = hashlib.sha256(str(table.num_rows).encode())
    for name, digest in zip(table.column_names, digests, strict=True):
        whole.update(name.encode() + b"\x00" + digest)
    return whole.hexdigest()


def _hash_column(column: pa.ChunkedArray) -> bytes:
    kind = column.type
    digest = hashlib.sha256()
    if pa.types.is_timestamp(kind):
        digest.update(f"timestamp {kind.tz}".encode())
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64())
        kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        digest.update(str(kind).encode())
        for chunk in column.chunks:
            digest.update(np.ascontiguousarray(_numbers(chunk)).data.cast("B"))
        return digest.digest()
    lengths = hashlib.sha256()
    for chunk in as_text(column).chunks:
        # A missing word differs from an empty one by its length of -1.
        size = pc.fill_null(pc.binary_length(chunk), -1).to_numpy(zero_copy_only=False)
        lengths.update(np.ascontiguousarray(size, dtype=np.int32).data.cast("B"))
        words = chunk.fill_null("") if chunk.null_count else chunk
        _, offsets, payload = words.buffers()
        if payload is not None:
            first, last = np.frombuffer(offsets, np.int32)[[words.offset, words.offset + len(words)]]
            digest.update(memoryview(payload)[int(first) : int(last)])
    digest.update(lengths.digest())
    return digest.digest()


def _numbers(values: pa.Array) -> np.ndarray:
    if values.null_count and not pa.types.is_floating(values.type):
        # Floats tell a missing integer from any value.
        values = values.cast(pa.float64(), safe=False)
    numbers: np.ndarray = values.to_numpy(zero_copy_only=False)
    return numbers
