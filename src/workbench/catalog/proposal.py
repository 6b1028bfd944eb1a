"""Proposes a machine profile for a file of readings that has none, for its owner to edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from workbench.domain.equipment import Economics, MachineProfile, RunningRule, Sensor, SensorRole
from workbench.domain.machine_columns import is_machine_column, machine_names_in, several_machines
from workbench.domain.observations import STANDARD_COLUMNS, MachineState
from workbench.domain.units import Quantity
from workbench.errors import InputError, InvalidDocument

from .column_names import ColumnGuess, guess_column, is_label, words
from .matching import carried_limits, carried_modes, match_sensors
from .profiles import dump_profile, parse_profile
from .ranges import baseline_limits, observed_ranges
from .references import nearest
from .templates import templates
from .time_columns import FoundTime, find_time

MAX_SENSORS = 50
HEALTHY_SHARE = 0.3
_NUMERIC_SHARE = 0.8


@dataclass(frozen=True)
class Proposal:
    """A profile to edit, the mapping from the file's columns to its sensors, and what was assumed.

    ``mapping`` holds ``time_column``, ``time_zone``, ``machine_id`` and ``columns`` (file column: sensor and unit);
    where the file has them also ``time_format`` and standard columns such as ``state``.
    """

    profile: MachineProfile
    mapping: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The profile as YAML with the notes as comments."""
        return dump_profile(self.profile, notes=self.notes)


@dataclass
class _Draft:
    sensors: list[Sensor] = field(default_factory=list)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    standard: dict[str, str] = field(default_factory=dict)
    values: dict[str, pd.Series] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def propose_profile(
    frame: pd.DataFrame,
    *,
    machine_id: str,
    machine_type: str | None = None,
    time_column: str | None = None,
    site_id: str = "unassigned",
) -> Proposal:
    """Propose a profile from the readings in ``frame`` (one row per time, one column per sensor).

    Every numeric column that varies becomes a sensor. Quantity and unit come from its name, the normal range from
    the first 30 % of the time, the physical range from far beyond everything seen. With ``machine_type``, limits and
    failure modes of that template are carried over where the file has a matching sensor.

    Raises ``InputError`` for an unknown type, no time column, no sensor, more than 50 sensors, or several machines.
    """
    template = _template(machine_type)
    named = frame.set_axis([str(name) for name in frame.columns], axis=1).reset_index(drop=True)
    if named.columns.has_duplicates:
        twice = sorted(set(named.columns[named.columns.duplicated()]))
        raise InputError(f"Columns are given twice: {', '.join(twice)}.", "Rename them so that each name is unique.")
    if named.empty:
        raise InputError("There are no readings to look at.", "Give a file with a header and at least one row.")
    time = find_time(named, time_column)
    _check_one_machine(named)
    ordered, times = _in_time_order(named, time)
    draft = _Draft(notes=_notes_on_time(time))
    for name, values in _sensor_columns(ordered, times, time.column, draft.notes, draft.standard):
        _add_sensor(draft, name, values, _healthy_rows(times))
    _check_count(draft)
    mapping = {"time_column": time.column, "time_zone": "UTC", "machine_id": machine_id, "columns": draft.columns}
    mapping |= draft.standard
    if time.time_format:
        mapping["time_format"] = time.time_format
    profile = _profile(draft, machine_id, machine_type or "machine", site_id, template)
    return Proposal(profile, mapping, tuple(draft.notes))


def _template(machine_type: str | None) -> MachineProfile | None:
    if machine_type is None:
        return None
    known = templates()
    if machine_type not in known:
        raise InputError(
            f"There is no template of type {machine_type!r}{nearest(machine_type, list(known)) or '.'}",
            f"Types: {', '.join(known)}.",
        )
    return parse_profile(known[machine_type], where=f"{machine_type}.yaml")


def _check_one_machine(frame: pd.DataFrame) -> None:
    for column in filter(is_machine_column, frame.columns):
        names = machine_names_in(frame[column].dropna().unique())
        if len(names) > 1:
            raise InputError(*several_machines("The file", column, names))


def _notes_on_time(time: FoundTime) -> list[str]:
    notes = [
        f"Time column: {time.column}; times without a zone are read as UTC.",
        "For local times set time_zone under file_mapping, e.g. time_zone: Europe/Berlin.",
    ]
    if time.time_format:
        also = f" They would also fit {time.other_format}: please check." if time.other_format else ""
        notes.append(
            f"Times are read as {time.time_format}, which time_format under file_mapping says; change it there.{also}"
        )
    return notes


def _in_time_order(frame: pd.DataFrame, time: FoundTime) -> tuple[pd.DataFrame, pd.Series]:
    known = time.values.dropna().sort_values(kind="stable")
    if known.empty:
        raise InputError(f"Column {time.column!r} holds no time.", "Give a file with at least one row.")
    return frame.loc[known.index].reset_index(drop=True), known.reset_index(drop=True)


def _healthy_rows(times: pd.Series) -> int:
    """Count the rows of the first 30 % of the time that the file spans (all rows when it spans none)."""
    end = times.iloc[0] + HEALTHY_SHARE * (times.iloc[-1] - times.iloc[0])
    return max(int((times <= end).sum()), min(len(times), 10))


def _sensor_columns(
    frame: pd.DataFrame, times: pd.Series, time_column: str, notes: list[str], standard: dict[str, str]
) -> Iterator[tuple[str, pd.Series]]:
    """Yield the columns that are sensors, and note why each other one is not."""
    clock = (times - times.dt.normalize()).dt.total_seconds()
    for name in frame.columns:
        if name == time_column:
            continue
        key = "_".join(words(name))
        if key in STANDARD_COLUMNS and (key != "state" or _holds_states(frame[name])):
            standard[key] = name
            notes.append(f"Column {name!r} is read as the standard column {key}, not as a sensor.")
            continue
        values = _numbers(frame[name])
        reason = _why_not(name, frame[name], values, clock)
        if reason or values is None:
            notes.append(f"Column {name!r} is ignored: {reason}.")
        else:
            if words_in := _words_in(frame[name]):
                notes.append(f"Column {name!r} holds {words_in}; an ingest sets such rows aside.")
            yield name, values


def _holds_states(column: pd.Series) -> bool:
    return bool(column.dropna().astype(str).isin([state.value for state in MachineState]).mean() >= _NUMERIC_SHARE)


def _numbers(column: pd.Series) -> pd.Series | None:
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        return None
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype("float64")
    else:
        numbers = pd.to_numeric(column, errors="coerce").astype("float64")
        if numbers.notna().sum() < _NUMERIC_SHARE * max(column.notna().sum(), 1):
            return None
    return numbers.where(np.isfinite(numbers))


def _words_in(column: pd.Series) -> str:
    """Say how many cells of a column of numbers are none, with an example; an empty text when all are."""
    if pd.api.types.is_numeric_dtype(column):
        return ""
    cells = column[column.notna() & pd.to_numeric(column, errors="coerce").isna()].astype(str)
    cells = cells[cells.str.strip() != ""]
    if cells.empty:
        return ""
    return f"{len(cells):,} cell{'s' if len(cells) > 1 else ''} that {'are' if len(cells) > 1 else 'is'} no number, e.g. {cells.iloc[0][:40]!r}"


def _why_not(name: str, column: pd.Series, values: pd.Series | None, clock: pd.Series) -> str:
    if is_label(name):
        return "it looks like a label; labels come from asset events only"
    if is_machine_column(name):
        return f"it looks like the name of the machine ({column.nunique()} different)"
    if values is None:
        return "it holds dates or text, not numbers"
    known = values.dropna()
    if known.empty:
        return "it holds no number"
    if known.nunique() == 1:
        return f"it is always {known.iloc[0]:g}"
    steps = known.diff().dropna()
    if len(known) > 10 and steps.nunique() == 1 and steps.iloc[0] == 1:
        return "it counts the rows"
    if guess_column(name).unit == "1" and _repeats(values, clock):
        return "it repeats the time of day"
    return ""


def _repeats(values: pd.Series, clock: pd.Series) -> bool:
    both = values.notna()
    if values[both].nunique() <= 10 or clock[both].nunique() <= 10:
        return False
    return abs(float(np.corrcoef(values[both], clock[both])[0, 1])) > 0.99999


def _add_sensor(draft: _Draft, name: str, values: pd.Series, healthy: int) -> None:
    guess = guess_column(name)
    sensor = _free_name(guess.sensor, {known.name for known in draft.sensors})
    two_valued = bool(values.dropna().isin((0.0, 1.0)).all())
    unit, quantity = ("1", Quantity.OTHER) if two_valued else _unit(guess, values)
    share = two_valued or (guess.is_status and bool(values.dropna().between(0.0, 1.0).all()))
    ranges = observed_ranges(values, values.head(healthy), quantity=quantity, unit=unit, share=share)
    proposed = Sensor(
        name=sensor,
        title=name[:200] if sensor != name else "",
        quantity=quantity,
        unit=unit,
        role=guess.role,
        normal_low=ranges.normal_low,
        normal_high=ranges.normal_high,
        physical_low=ranges.physical_low,
        physical_high=ranges.physical_high,
        limits=None
        if guess.role is SensorRole.OPERATING
        else baseline_limits(values.head(healthy), ranges, quantity=quantity),
    )
    draft.sensors.append(proposed)
    draft.columns[name] = {"sensor": sensor, "unit": unit}
    draft.values[sensor] = values
    if sensor != name:
        draft.notes.append(f"Column {name!r} becomes the sensor {sensor}.")
    if guess.assumed and not two_valued:
        what = "no unit is known, it is taken as a plain number" if unit == "1" else f"assumed {unit}"
        draft.notes.append(f"Unit of {sensor}: {guess.strange or 'its name states none'}, {what}. Please check.")
    if ranges.flat and not share:
        draft.notes.append(f"Sensor {sensor} hardly varies in the first 30 %; its normal range is a guess.")


def _unit(guess: ColumnGuess, values: pd.Series) -> tuple[str, Quantity]:
    """Correct an assumed unit where the values speak against it."""
    median = float(values.median())
    if guess.assumed and guess.unit == "degC" and 250.0 < median < 400.0:
        return "K", Quantity.TEMPERATURE
    if guess.assumed and guess.unit == "%" and float(values.abs().max()) <= 1.5:
        return "ratio", Quantity.OTHER
    return guess.unit, guess.quantity


def _free_name(wanted: str, taken: set[str]) -> str:
    lowered = {name.lower() for name in taken}
    names = (wanted, *(f"{wanted}_{number}" for number in range(2, 1000)))
    return next(name for name in names if name.lower() not in lowered)


def _check_count(draft: _Draft) -> None:
    count = len(draft.sensors)
    if count > MAX_SENSORS:
        raise InputError(
            f"The file has {count} numeric columns that vary; a machine has at most {MAX_SENSORS} sensors.",
            "Remove columns that are not needed, or split the file into several machines.",
        )
    if count == 0:
        reasons = " ".join(note for note in draft.notes if note.startswith("Column "))
        raise InputError(f"The file has no numeric column that varies. {reasons}".strip(), "Give readings of a sensor.")


def _profile(
    draft: _Draft, machine_id: str, machine_type: str, site_id: str, template: MachineProfile | None
) -> MachineProfile:
    fields: dict[str, Any] = {
        "machine_id": machine_id,
        "machine_type": machine_type,
        "title": machine_id.replace("_", " ").capitalize() or machine_id,
        "manufacturer": "unknown",
        "model": "unknown",
        "site_id": site_id,
        "running_rule": _running_rule(draft),
    }
    if template is not None:
        fields |= _from_template(draft, template)
    if any(sensor.limits is not None and "standard deviations" in sensor.limits.source for sensor in draft.sensors):
        draft.notes.append(
            "Warning limits are mean and 3 standard deviations of the first 30 % (no standard): enter the maker's."
        )
    draft.notes.append("Please set title, manufacturer, model, site_id, rated values and economics.")
    try:
        return MachineProfile(sensors=tuple(draft.sensors), **fields)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise InvalidDocument("The proposed profile", faults) from error


def _running_rule(draft: _Draft) -> RunningRule | None:
    """Find a current, power or speed that is often near zero: the machine then stands still."""
    for quantity in (Quantity.CURRENT, Quantity.POWER, Quantity.SPEED):
        for sensor in (s for s in draft.sensors if s.quantity is quantity):
            values = draft.values[sensor.name].dropna()
            full = float(values.quantile(0.95))
            if full > 0 and values.min() > -0.1 * full and 0.02 <= (values < 0.1 * full).mean() <= 0.9:
                above = float(f"{0.1 * full:.3g}")
                draft.notes.append(f"Counts as running while {sensor.name} is above {above:g} {sensor.unit}.")
                return RunningRule(sensor=sensor.name, above=above)
    draft.notes.append("No sensor shows when the machine stands still; it counts as running in every reading.")
    return None


def _from_template(draft: _Draft, template: MachineProfile) -> dict[str, Any]:
    matched = match_sensors(draft.sensors, template)
    positions = {sensor.name: index for index, sensor in enumerate(draft.sensors)}
    for theirs, mine in matched.items():
        index = positions[mine]
        limits = carried_limits(draft.sensors[index], template.sensor(theirs))
        draft.notes.append(f"Sensor {mine} is matched with {theirs} of the template {template.machine_type}.")
        changes: dict[str, Any] = {"role": template.sensor(theirs).role}
        if limits is not None:
            changes["limits"] = limits
            draft.notes.append(f"Limits of {mine} are those of {theirs}: {limits.source}.")
        elif template.sensor(theirs).limits is not None:
            draft.notes.append(f"Limits of {theirs} are not taken: the readings of {mine} do not fit them.")
        draft.sensors[index] = draft.sensors[index].model_copy(update=changes)
    modes, notes = carried_modes(template, matched)
    draft.notes += notes
    economics: Economics = template.economics
    draft.notes.append(f"Economics and energy sources are those of the template: {economics.source}.")
    return {"failure_modes": tuple(modes), "economics": economics, "energy_sources": template.energy_sources}
