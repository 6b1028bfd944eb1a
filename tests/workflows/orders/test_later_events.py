"""Events that arrive from elsewhere after the work was closed do not count what the close-out told."""

from __future__ import annotations

from datetime import timedelta

from workbench import close_order, ingest
from workbench.domain.observations import EventKind

from .conftest import NOW, PUMP


def test_a_failure_that_is_ingested_after_the_close_out_counts_once(works, predicted, findings, tmp_path):
    order = predicted(works)
    close_order(works, order.number, findings(as_found="failed", failed_at=NOW - timedelta(hours=5)))
    rows = (
        ("2026-01-05T02:40:00Z", "failure", "unknown"),
        ("2026-01-05T09:00:00Z", "replacement", "bearing_wear"),
        ("2026-01-05T09:30:00Z", "failure", "seal_leak"),
        ("2026-01-01T09:30:00Z", "failure", "bearing_wear"),
    )
    lines = ["machine_id,time,kind,failure_mode", *(f"{PUMP},{','.join(row)}" for row in rows)]
    (tmp_path / "cmms.csv").write_text("\n".join(lines))
    [report] = ingest(works, "events", tmp_path / "cmms.csv").reports
    assert (report.rows_stored, report.rows_identical) == (2, 2)
    assert "2 known already from the close-out of work" in report.notes[0]
    assert works.events.count(EventKind.FAILURE) == 3
    assert works.events.count(EventKind.REPLACEMENT) == 1
