"""What an ingest did beside storing, in words: order restored, gaps, ignored columns, how times were read."""

from __future__ import annotations

from workbench.telemetry.blocks import Checker


def notes_of(checker: Checker, time_gaps: int, longest_gap_s: float, decimal: str) -> tuple[str, ...]:
    """Return the notes of a finished ingest, those on the readings first."""
    tally, layout = checker.tally, checker.layout
    notes: list[str] = []
    if tally.backward:
        notes.append(f"order restored: time went backwards at {tally.backward:,} rows")
    if tally.all_gaps:
        notes.append(f"{tally.all_gaps:,} rows hold no value of any sensor; they are kept as gaps")
    for name, count in sorted(tally.gaps.items(), key=lambda item: -item[1])[:10]:
        notes.append(f"{name}: no value in {count:,} rows ({100 * count / max(tally.rows, 1):.1f} %), kept as gaps")
    if time_gaps:
        notes.append(
            f"{time_gaps:,} gaps in time of more than three usual steps, the longest {longest_gap_s / 3600:,.1f} h"
        )
    if layout.ignored:
        shown = ", ".join(layout.ignored[:20]) + (", ..." if len(layout.ignored) > 20 else "")
        notes.append(f"{len(layout.ignored)} columns that are no sensor of the profile were ignored: {shown}")
    for machine, sensors in sorted(tally.missing.items())[:10]:
        notes.append(f"{machine}: the file does not hold {', '.join(sensors)}")
    if (layout.decimal or decimal) == ",":
        notes.append("numbers were read with a decimal comma")
    if checker.clock.zone != "UTC":
        notes.append(f"times without a zone were read as local time of {checker.clock.zone}")
    return (*notes, *sorted(checker.clock.notes))
