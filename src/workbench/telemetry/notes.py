"""What an ingest did beside storing, in words: order restored, gaps, ignored columns, how times were read."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.telemetry.blocks import Checker
from workbench.telemetry.readers.times import Clock

SHOWN = 20


def notes_of(checker: Checker, time_gaps: int, longest_gap_s: float, decimal: str) -> tuple[str, ...]:
    """Return the notes of a finished ingest, those on the readings first."""
    tally, layout = checker.tally, checker.layout
    notes: list[str] = []
    if tally.backward:
        notes.append(f"order restored: time went backwards at {tally.backward:,} rows")
    if tally.all_gaps:
        notes.append(f"{tally.all_gaps:,} rows hold no value of any sensor; they are kept as gaps")
    # A column that lacks only what the empty rows lack has nothing of its own to tell.
    gaps = [(name, count) for name, count in tally.gaps.items() if count > tally.all_gaps]
    for name, count in sorted(gaps, key=lambda item: -item[1])[:10]:
        notes.append(f"{name}: no value in {count:,} rows ({100 * count / max(tally.rows, 1):.1f} %), kept as gaps")
    if more := _and_more(len(gaps) - 10, "column"):
        notes.append(f"{more.strip()} with gaps")
    if time_gaps:
        notes.append(
            f"{time_gaps:,} gaps in time of more than three usual steps, the longest {longest_gap_s / 3600:,.1f} h"
        )
    notes += note_on_ignored(layout.ignored, "no sensor of the profile")
    for machine, sensors in sorted(tally.missing.items())[:10]:
        notes.append(f"{machine}: the file does not hold {', '.join(sensors)}")
    if more := _and_more(len(tally.missing) - 10, "machine"):
        notes.append(f"{more.strip()} for which the file does not hold every sensor")
    if (layout.decimal or decimal) == ",":
        notes.append("numbers were read with a decimal comma")
    return (*notes, *notes_on_times(checker.clock))


def _and_more(count: int, what: str) -> str:
    return f" and {count:,} more {what}{'s' if count > 1 else ''}" if count > 0 else ""


def note_on_ignored(columns: Sequence[str], what: str) -> list[str]:
    """Return a note on the ``columns`` of a file that were left aside because they are ``what``."""
    if not columns:
        return []
    shown = ", ".join(columns[:SHOWN]) + _and_more(len(columns) - SHOWN, "column")
    counted = f"{len(columns)} columns that are" if len(columns) > 1 else "1 column that is"
    return [f"{counted} {what} {'were' if len(columns) > 1 else 'was'} ignored: {shown}"]


def notes_on_times(clock: Clock) -> list[str]:
    """Return how the times of a file were read."""
    local = [f"times without a zone were read as local time of {clock.zone}"] if clock.zone != "UTC" else []
    return local + sorted(clock.notes)
