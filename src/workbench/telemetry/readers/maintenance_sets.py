"""Published sets of real maintenance work orders, each with its columns and with what in it is no fact."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from workbench.domain.history import HistoryMapping
from workbench.telemetry.readers.sources import as_text

_STARTED = "started"
_COMPONENTS, _TAGS = "components", "annotations"
_OBJECT = "PhysicalObject"


@dataclass(frozen=True)
class PublishedSet:
    """How one published set is known by its columns, and read."""

    title: str
    known_by: frozenset[str]
    mapping: HistoryMapping
    placeholders: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    prepare: Callable[[pa.Table], pa.Table] | None = None

    @property
    def accounted(self) -> tuple[str, ...]:
        """Columns that are no part of an order as they stand, but are not unknown."""
        return (*self.placeholders, *self.used)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out, in words."""
        told = [f"recognised as {self.title}"]
        if self.placeholders:
            told.append(f"not read, because they are placeholders and no facts: {', '.join(self.placeholders)}")
        return tuple(told)


def published_set(names: Sequence[str]) -> PublishedSet | None:
    """Return the published set that has the columns ``names``, or None.

    >>> published_set(["text", "entities", "relations"]).mapping.source
    'maintie'
    """
    return next((known for known in PUBLISHED if known.known_by <= set(names)), None)


def _with_start(table: pa.Table) -> pa.Table:
    """Add when the work started; ``0/1/00`` is how a spreadsheet shows an empty date."""
    started = [
        None if word in (None, "", "0/1/00") else word for word in as_text(table.column("ACtStartDate")).to_pylist()
    ]
    return table.append_column(_STARTED, pa.array(started, pa.string()))


def _with_annotations(table: pa.Table) -> pa.Table:
    """Add the physical objects that the annotators marked, and the kinds of states, processes and activities."""
    components, tags = [], []
    for text, raw in zip(table.column("text").to_pylist(), table.column("entities").to_pylist(), strict=True):
        words = (text or "").split()
        marked = json.loads(raw or "[]")
        objects = [" ".join(words[one["start"] : one["end"]]) for one in marked if one["type"].startswith(_OBJECT)]
        kinds = [one["type"].rsplit("/", 1)[-1] for one in marked if not one["type"].startswith(_OBJECT)]
        components.append(", ".join(dict.fromkeys(objects)))
        tags.append(";".join(dict.fromkeys(kinds)))
    return table.append_column(_COMPONENTS, pa.array(components)).append_column(_TAGS, pa.array(tags))


PUBLISHED = (
    PublishedSet(
        title="work orders of chillers (AssetOpsBench)",
        known_by=frozenset({"wo_id", "wo_description", "collection", "secondary_code", "actual_finish", "preventive"}),
        mapping=HistoryMapping(
            source="assetops",
            number="wo_id",
            text="wo_description",
            asset="equipment_name",
            component="collection",
            failure_code="secondary_code",
            failure_title="secondary_code_description",
            work_type="preventive",
            ended="actual_finish",
            tags="primary_code_description",
            machine_type="chiller",
            # As the embedded chillers call it.
            failure_modes={"M013a": "cooling_fouling", "M013b": "cooling_fouling"},
        ),
        # Nearly every order has 3:00 and 1:00, whatever was done.
        placeholders=("duration", "actual_labor_hours"),
    ),
    PublishedSet(
        title="work orders of mobile mining equipment (MWO2KG)",
        known_by=frozenset({"PONumber", "ShortText", "Actual", "Work_Order_Total_Actual_Cost"}),
        mapping=HistoryMapping(
            source="mwo2kg",
            number="PONumber",
            text="ShortText",
            asset="AssetID",
            component="Functional_Location_Description",
            raised="Work_Order_Basic_Start_Date",
            started=_STARTED,
            cost="Actual",
            # The publisher does not say in which currency the costs are.
            currency="",
            time_format="%d/%m/%Y",
            blanks=("#NAME?",),
        ),
        # It rises by a hundred from row to row.
        placeholders=("Work_Order_Total_Actual_Cost",),
        used=("ACtStartDate", "TotalCost"),
        prepare=_with_start,
    ),
    PublishedSet(
        title="annotated texts of maintenance work orders (MaintIE)",
        known_by=frozenset({"text", "entities", "relations"}),
        mapping=HistoryMapping(source="maintie", text="text", component=_COMPONENTS, tags=_TAGS),
        used=("entities", "relations"),
        prepare=_with_annotations,
    ),
)
