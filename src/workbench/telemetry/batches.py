"""What ingests of readings and of events share: knowing a source again, refusing bad ones, recording the batch."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.base import Change
from workbench.domain.observations import AssetEvent, IngestReport
from workbench.errors import RefusedFile
from workbench.store.records import BatchRow, Segments
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.quarantine import Held
from workbench.telemetry.segments import Staged

BAD_SHARE = 0.20


def known_batch(segments: Segments, batch_id: str) -> IngestReport | None:
    """Return the report of a batch that was ingested before, marked as such; None for a new one."""
    for batch in segments.batches():
        if batch.batch_id == batch_id:
            return batch.report.model_copy(update={"already_ingested": True})
    return None


def refuse_if_bad(faults: FaultLog, rows_read: int, label: str, *, strict: bool) -> None:
    """Raise ``RefusedFile`` when more than 20 % of the rows are bad, or with ``strict`` any; it names the worst faults."""
    found = faults.resolved()
    bad = sum(len(fault.rows) for fault in found)
    if not bad or (bad <= BAD_SHARE * rows_read and not strict):
        return
    listed = "; ".join(
        f"{len(f.rows):,} row{'s' if len(f.rows) > 1 else ''}{f' in column {f.column!r}' if f.column else ''}: {f.reason} (first: row {f.rows[0]})"
        for f in sorted(found, key=lambda f: -len(f.rows))[:5]
    )
    share = f"{bad:,} of {rows_read:,} rows ({100 * bad / rows_read:.1f} %) are bad"
    rule = "more than 20 % are not accepted" if bad > BAD_SHARE * rows_read else "with --strict none is accepted"
    raise RefusedFile(
        f"{label}: {share}, {rule}: {listed}.", "Correct the rows, or say how they are to be read (units, mapping)."
    )


def record(
    segments: Segments,
    report: IngestReport,
    content_sha256: str,
    *,
    staged: Sequence[Staged] = (),
    events: Sequence[AssetEvent] = (),
    held: Held | None,
    change: Change,
) -> None:
    """Record a batch with its segments, events and quarantine file in one transaction."""
    batch = BatchRow(
        batch_id=report.batch_id,
        source=report.source,
        content_sha256=content_sha256,
        rows_read=report.rows_read,
        rows_stored=report.rows_stored,
        rows_identical=report.rows_identical,
        rows_quarantined=report.rows_quarantined,
        report=report,
        at=change.at,
    )
    segments.commit_batch(batch, [item.row for item in staged], (), events, held.path if held else None, change)
