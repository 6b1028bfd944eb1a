"""The command that plays a machine's sensors: readings as lines, at once or in real time."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace

if TYPE_CHECKING:
    from workbench.twin.stream import StreamedReading


class Format(StrEnum):
    """How a reading is written."""

    CSV = "csv"
    JSON = "json"


@app.command()
def stream(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    rows: Annotated[int, typer.Option(min=1, help="How many readings.")] = 1800,
    step: Annotated[float, typer.Option(help="Simulated seconds between two readings.")] = 2.0,
    load: Annotated[float | None, typer.Option(help="1 = rated, 0 to 1.5; default: the machine's usual load.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same readings; default: the workspace's.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="csv is what `workbench ingest` takes.")] = Format.CSV,
    real_time: Annotated[bool, typer.Option("--real-time", help="Wait between readings as a machine would.")] = False,
) -> None:
    """Simulate a machine's sensors, reading by reading, to standard output.

    Nothing is stored; the readings are simulated. To take them in: workbench stream MACHINE > FILE.csv, then
    workbench ingest FILE.csv --machine MACHINE, in a workspace for trials.
    """
    from workbench.workflows.stream import stream_machine

    with open_workspace() as ws:
        readings = stream_machine(ws, machine, seed=seed, step_s=step, load=load)
    began = time.monotonic()
    for number, line in enumerate(_lines(islice(readings, rows), format_)):
        if real_time:
            # The heading of a CSV comes at once.
            time.sleep(max(0.0, began + max(number - (format_ is Format.CSV), 0) * step - time.monotonic()))
        sys.stdout.write(line)
        if real_time:
            sys.stdout.flush()


def _lines(readings: Iterator[StreamedReading], format_: Format) -> Iterator[str]:
    heading = format_ is Format.CSV
    for reading in readings:
        values = {name: round(value, 6) for name, value in reading.values.items()}
        row = {"time": reading.time.isoformat(), **values, "state": reading.state.value}
        if format_ is Format.JSON:
            yield json.dumps(row) + "\n"
            continue
        if heading:
            yield _csv_line(list(row))
        heading = False
        yield _csv_line(list(row.values()))


def _csv_line(cells: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
