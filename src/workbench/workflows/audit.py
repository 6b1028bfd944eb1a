"""The audit log (U4): every change and every automatic decision, with who, when, why, and what became different."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

COLUMNS = ("number", "at", "actor", "role", "entity", "key", "action", "reason", "change")
# Longer texts and lists of changes are cut: the record itself is in the log.
MOST_CHARACTERS, MOST_CHANGES = 160, 12
_ABSENT = "nothing"
# What a new record says of itself in short; decisions of the workbench with their reason first.
TELLING = ("decision.act", "decision.reason", "outcome", "name", "state", "title", "subject", "details", "reason")


def audit(
    ws: Workspace,
    entity: str | None = None,
    key: str | None = None,
    *,
    actor: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 100,
) -> pd.DataFrame:
    """Return the newest entries of the log, newest first.

    Args:
        ws: The workspace.
        entity: Only this kind of record, e.g. ``work_order``, ``purchase``, ``part``, ``approval``, ``model_version``.
        key: Only the record with this key; an order also by its number, e.g. WO-2026-0001.
        actor: Only what this person, or this part of the workbench, did.
        start: Not before this instant (aware).
        end: Before this instant.
        limit: At most so many.

    Returns:
        A row an entry: ``number``, ``at`` (UTC), ``actor``, ``role``, ``entity``, ``key`` (of an order its number),
        ``action``, ``reason``, and ``change``: the fields that became different, or what a new record says, in words. Rows are never changed or
        deleted; the database refuses.

    Raises:
        InputError: no record of this kind is in the log, or a limit below one.
        NotFound: there is no order with this number.
    """
    import pandas as pd

    if limit < 1:
        raise InputError(f"A limit of {limit} entries shows none.", "Give 1 or more.")
    if entity is not None and entity not in (known := ws.log.entities()):
        raise InputError(f"The log tells of no {entity!r}.", f"It tells of: {', '.join(known) or 'nothing yet'}.")
    if key is not None and re.fullmatch(r"WO-\d{4}-\d+", key.upper()):
        key = ws.orders.by_number(key).order_id
    found = ws.log.entries(entity, key, limit, actor=actor, start=start, end=end)
    names = ws.orders.numbers({e.key for e in found})
    rows = [
        (
            e.number,
            e.at,
            e.actor,
            e.role,
            e.entity,
            names.get(e.key, e.key),
            e.action,
            e.reason,
            difference(e.before, e.after),
        )
        for e in found
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def difference(before: str | None, after: str | None) -> str:
    """Say which fields of a record, given as JSON, became different, or what a new one says in short.

    >>> difference('{"stock": 3, "title": "Seal"}', '{"stock": 5, "title": "Seal"}')
    'stock 3 → 5'
    >>> difference('{"state": "open", "parts": [{"to_order": 1}]}', '{"state": "open", "parts": [{"to_order": 0}]}')
    'parts[0].to_order 1 → 0'
    >>> difference(None, '{"decision": {"act": false, "reason": "costs less than it saves"}}')
    'decision.act false; decision.reason costs less than it saves'
    >>> difference('{"fixed": false}', '{"fixed": true, "symptom": ""}')
    'fixed false → true'
    >>> difference('{"stock": 3}', None)
    'removed'
    """
    if after is None:
        return "removed"
    if before is None:
        said = dict(_flat(json.loads(after)))
        return "; ".join(f"{name} {_shown(said[name])}" for name in TELLING if said.get(name) not in (None, ""))
    old, new = (dict(_flat(json.loads(text))) for text in (before, after))
    # An empty field and none at all are the same: older records lack what was added since.
    changed = [
        f"{name or 'value'} {_shown(old.get(name))} → {_shown(new.get(name))}"
        for name in dict.fromkeys((*old, *new))
        if _told(old.get(name)) != _told(new.get(name))
    ]
    more = len(changed) - MOST_CHANGES
    return "; ".join(changed[:MOST_CHANGES]) + (f"; and {more} more fields" if more > 0 else "")


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a record with their places; a list of plain values is one field."""
    if isinstance(value, dict) and value:
        for part, inner in value.items():
            yield from _flat(inner, f"{name}.{part}" if name else part)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield from _flat(item, f"{name}[{place}]")
    else:
        yield name, value


def _told(value: Any) -> Any:
    return None if isinstance(value, str | list | dict) and not value else value


def _shown(value: Any) -> str:
    if _told(value) is None:
        return _ABSENT
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
