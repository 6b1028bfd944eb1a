"""Work of the past (A1): imports it, searches it, and finds what is like the failure that is expected of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import analytics
from workbench.domain.observations import EventKind
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.analytics import SimilarCases
    from workbench.domain.base import Actor
    from workbench.domain.equipment import MachineProfile
    from workbench.domain.history import HistoryMapping, PastWork
    from workbench.domain.observations import IngestReport
    from workbench.domain.predictions import Anomaly
    from workbench.store.records import HistoryPage
    from workbench.workspace import Workspace

PAGE = 100
# What tells of past failures and their remedies; errors, stops and inspections do not.
TELLING = (EventKind.FAILURE, EventKind.REPLACEMENT, EventKind.MAINTENANCE)
# How many orders the text search hands on to be judged.
TEXT_HITS = 200
# The newest own orders are judged, and of the newest of these the sensor patterns are compared.
MOST_OWN, MOST_PATTERNS = 1000, 200


def import_history(
    ws: Workspace,
    path: str | Path,
    *,
    mapping: HistoryMapping | Path | None = None,
    system: str | None = None,
    update: bool = False,
    strict: bool = False,
    actor: Actor | None = None,
) -> IngestReport:
    """Import the work orders of a CSV or Parquet file and say what became of each row.

    The columns of SAP PM and Maximo exports, of plain English headings, and of the published sets AssetOpsBench, MWO2KG and
    MaintIE are recognised; else ``mapping`` (or a YAML or JSON file of one) names them. Durations and hours of AssetOpsBench and
    the total cost of MWO2KG are placeholders and are not read. The same file again changes nothing.

    Args:
        ws: The workspace.
        path: The file.
        mapping: Which column holds what.
        system: Name of the system that the orders are from; orders of one system are known again by their numbers.
        update: Replace orders that are recorded with other content; otherwise such rows are quarantined.
        strict: Refuse the whole file for any bad row.
        actor: Who imports.

    Raises:
        RefusedFile: no column with text, a missing column, ambiguous dates, over 20 % bad rows; nothing is changed then.
        InvalidDocument: the mapping has faults.
    """
    from workbench.domain.history import OWN_SOURCE

    file = Path(path)
    chosen = read_history_mapping(mapping) if isinstance(mapping, Path) else mapping
    if OWN_SOURCE in (system, chosen.source if chosen else None):
        raise InputError(f"{OWN_SOURCE!r} is the name of the workspace's own orders.", "Choose another name.")
    return ws.telemetry.store_history(
        file,
        {profile.machine_id: profile for profile in ws.machines.all()},
        change=ws.change(f"import history {file.name}", actor),
        currency=ws.settings.currency,
        mapping=chosen,
        system=system,
        update=update,
        strict=strict,
    )


def read_history_mapping(path: Path) -> HistoryMapping:
    """Read a mapping of work-order columns from YAML or JSON; raises ``InvalidDocument`` listing every fault."""
    from workbench.catalog import parse_fields
    from workbench.domain.history import HistoryMapping
    from workbench.workflows.onboard import read_text

    return parse_fields(HistoryMapping, read_text(path), where=str(path))


def search_history(ws: Workspace, text: str, *, limit: int = 10) -> list[tuple[PastWork, float]]:
    """Return past orders, imported and own, that hold words of ``text``, best first, with their scores (BM25).

    Endings and accents do not matter; words in double quotes belong together. Raises ``InputError`` for a text without a word.
    """
    from workbench.store.text_index import words_of

    if not words_of(text):
        raise InputError(f"{text!r} holds no word to search for.", "Write a few words, e.g. bearing noisy.")
    return ws.history.search(text, limit=limit)


def list_history(ws: Workspace, machine_id: str | None = None, *, limit: int = PAGE, after: str = "") -> HistoryPage:
    """Return past orders, own and imported, of one machine or of all, the newest first, a page at a time.

    Args:
        ws: The workspace.
        machine_id: Only orders of this machine.
        limit: How many at most.
        after: ``next`` of the page before; empty: the first page.

    Raises:
        NotFound: an unknown machine, or ``after`` is the id of no past order.
        InputError: a page that is none.
    """
    if limit < 1:
        raise InputError(f"A page of {limit} orders is none.", "Give a limit of 1 or more.")
    if machine_id is not None:
        ws.machines.get(machine_id)
    return ws.history.page(machine_id, limit=limit, after=after)


def similar_history(
    ws: Workspace,
    machine_id: str,
    mode: str | None = None,
    *,
    symptoms: str = "",
    limit: int = 5,
) -> SimilarCases:
    """Return past cases like the failure ``mode`` of a machine (default: the likeliest of its newest prediction).

    ``symptoms`` are further words to look for, as a person says them. Raises ``NotFound`` for an unknown machine,
    and ``InputError`` for a mode that its profile lacks.
    """
    profile = ws.machines.get(machine_id)
    until = ws.as_of()
    prediction = ws.predictions.latest(until).get(machine_id)
    if mode is None:
        mode = prediction.diagnosis.likeliest if prediction else UNKNOWN_MODE
    elif mode != UNKNOWN_MODE and profile.failure_mode(mode) is None:
        known = ", ".join(one.name for one in profile.failure_modes) or "none"
        raise InputError(f"{machine_id} has no failure mode {mode!r}.", f"Its modes: {known}.")
    anomaly = prediction.anomaly if prediction else None
    return cases_like(ws, profile, mode, until=until, anomaly=anomaly, symptoms=symptoms, limit=limit)


def cases_like(
    ws: Workspace,
    profile: MachineProfile,
    mode: str,
    *,
    until: datetime,
    anomaly: Anomaly | None = None,
    symptoms: str = "",
    limit: int = 5,
) -> SimilarCases:
    """Return past cases like the failure ``mode`` of the machine of ``profile``; none is later than ``until``."""
    types = ws.machines.types()
    alike = [machine for machine, kind in types.items() if kind == profile.machine_type]
    known = profile.failure_mode(mode)
    codes = [mode, known.iso14224_code] if known else []
    own = ws.history.own(machine_ids=alike, failure_mode=mode, limit=MOST_OWN)
    question = " ".join((known.title, known.mechanism) if known else ()) + f" {symptoms}"
    hits = ws.history.search(question, limit=TEXT_HITS) if question.strip() else []
    work = {order.work_id: order for order in (*own, *ws.history.candidates(machine_ids=alike, failure_codes=codes))}
    work |= {order.work_id: order for order, _ in hits}
    return analytics.similar_cases(
        profile,
        mode,
        until=until,
        events=ws.events.frame(until=until, kinds=TELLING),
        work=list(work.values()),
        text_hits=[order.work_id for order, _ in hits],
        machine_types=types,
        pattern=_pattern(anomaly),
        patterns=_patterns(ws, [order for order in own if order.machine_id in alike]),
        symptoms=symptoms,
        currency=ws.settings.currency,
        limit=limit,
    )


def _pattern(anomaly: Anomaly | None) -> dict[str, float]:
    """Return how far each sensor stands from its own healthy baseline, in standard deviations."""
    return {part.sensor: part.deviation for part in anomaly.contributions} if anomaly else {}


def _patterns(ws: Workspace, closed: Sequence[PastWork]) -> dict[str, dict[str, float]]:
    """Return the pattern of the prediction that led to each closed order; orders without one are left out."""
    found: dict[str, dict[str, float]] = {}
    for work in closed[:MOST_PATTERNS]:
        order = ws.orders.find(work.work_id)
        prediction = ws.predictions.find(order.prediction_id) if order and order.prediction_id else None
        pattern = _pattern(prediction.anomaly) if prediction else {}
        if pattern:
            found[work.work_id] = pattern
    return found
