"""Similar failures of the past, from the fleet's recorded events, and what remedied them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from workbench.domain.analysis import PastCase
from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import EventKind
from workbench.domain.predictions import UNKNOWN_MODE

REMEDY_WITHIN = pd.Timedelta(days=14)
_REMEDIES = (EventKind.REPLACEMENT.value, EventKind.MAINTENANCE.value)


def similar_failures(
    events: pd.DataFrame,
    profile: MachineProfile,
    mode: str,
    *,
    until: datetime,
    machine_types: Mapping[str, str] | None = None,
    limit: int = 5,
) -> tuple[PastCase, ...]:
    """Return past failures with the same cause: this machine's first, then its type's, then the rest; newest first.

    With an unknown cause, failures of any cause of this machine and its type are given, for whoever
    inspects it. The remedy is the next replacement or maintenance of that machine within 14 days.

    Args:
        events: Columns ``machine_id``, ``time`` (aware UTC), ``kind``, ``cause``; rows after ``until`` are not read.
        profile: The machine that the prediction is about.
        mode: Failure mode, or ``unknown``.
        until: The prediction's as-of.
        machine_types: Type of each machine; machines not named in it count as of another type.
        limit: How many to return at most.
    """
    if events.empty:
        return ()
    types = {profile.machine_id: profile.machine_type, **(machine_types or {})}
    past = events[events["time"] <= pd.Timestamp(until)]
    failures = past[past["kind"].astype(str) == EventKind.FAILURE.value]
    nearness = failures["machine_id"].map(lambda machine: nearness_of(machine, profile, types))
    wanted = (nearness < 2) if mode == UNKNOWN_MODE else (failures["cause"] == mode)
    ranked = failures.assign(nearness=nearness)[wanted].sort_values(
        ["nearness", "time", "machine_id"], ascending=[True, False, True], kind="stable"
    )
    return tuple(_case(row, past) for row in ranked.head(limit).to_dict("records"))


def nearness_of(machine_id: str, profile: MachineProfile, types: Mapping[str, str]) -> int:
    """Return 0 for the machine itself, 1 for one of its type, 2 for any other."""
    if machine_id == profile.machine_id:
        return 0
    return 1 if types.get(machine_id) == profile.machine_type else 2


def _case(row: Mapping[Any, Any], past: pd.DataFrame) -> PastCase:
    time = pd.Timestamp(row["time"])
    after = past[
        (past["machine_id"] == row["machine_id"])
        & past["kind"].astype(str).isin(_REMEDIES)
        & (past["time"] >= time)
        & (past["time"] <= time + REMEDY_WITHIN)
    ].sort_values("time", kind="stable")
    remedy, down_h = "", None
    if not after.empty:
        same = after[after["cause"] == row["cause"]]
        first = (same if not same.empty else after).iloc[0]
        remedy = f"{first['kind']} ({first['cause']})"
        hours = (first["time"] - time).total_seconds() / 3600
        # A remedy booked at the instant of the failure tells nothing of how long the machine stood.
        down_h = hours if hours > 0 else None
    return PastCase(
        machine_id=str(row["machine_id"]),
        time=time.to_pydatetime(warn=False),
        cause=str(row["cause"]),
        remedy=remedy,
        downtime_h=down_h,
    )
