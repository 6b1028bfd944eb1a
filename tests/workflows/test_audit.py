"""The audit log tells who changed what, when, why, and what became different; decisions of the workbench too."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pytest

from workbench.domain.base import Actor, Role
from workbench.errors import InputError, NotFound
from workbench.workflows.audit import audit, difference

ADA = Actor(id="ada", role=Role.SUPERVISOR)


def test_a_change_is_told_by_the_fields_that_became_different(ran):
    part = ran.parts.all()[0]
    change = ran.change("counted the shelf", ADA)
    ran.parts.put(part.model_copy(update={"stock": 99}), change)
    found = audit(ran, "part", part.part_id)
    assert found.loc[0, ["actor", "role", "action", "reason", "change"]].tolist() == [
        "ada", "supervisor", "changed", "counted the shelf", f"stock {part.stock} → 99",
    ]  # fmt: skip
    assert found["action"].tolist() == ["changed", "added"]
    assert len(audit(ran, actor="ada")) == 1
    assert len(audit(ran, start=change.at)) == 1
    assert audit(ran, "part", part.part_id, end=change.at)["action"].tolist() == ["added"]
    assert audit(ran, start=change.at + timedelta(days=1)).empty
    assert pd.api.types.is_datetime64_any_dtype(found["at"])


def test_every_decision_of_the_cycle_is_there_with_its_reason(ran):
    machines = ran.machines.ids()
    said = audit(ran, "analytics_package", limit=500)
    runs = audit(ran, "cycle_run", limit=500)
    models = audit(ran, "model_version", limit=500)
    order = ran.orders.all()[0]
    found = audit(ran, key=order.number.lower())
    assert found["entity"].isin(["work_order", "dispatch_history"]).all()
    assert found["key"].eq(order.number).all()
    assert len(said) == len(machines)
    assert said["actor"].eq("maintenance-cycle").all()
    assert said["change"].str.fullmatch(r"decision\.act (true|false); decision\.reason .+").all()
    assert said["change"].str.contains("act true").any()
    assert said["change"].str.contains("act false").any()
    ended = runs[runs["action"] == "done"]
    assert len(ended) == len(machines)
    assert ended["change"].str.contains("outcome nothing → ").all()
    assert (models["action"] == "activated").any()


def test_what_the_log_does_not_know_is_said(ran):
    with pytest.raises(InputError, match=r"The log tells of no 'invoice'\. It tells of: absence, analytics_package"):
        audit(ran, "invoice")
    with pytest.raises(InputError, match="Give 1 or more"):
        audit(ran, limit=0)
    with pytest.raises(NotFound, match="There is no order 'WO-1999-0001'"):
        audit(ran, key="WO-1999-0001")


def test_a_change_at_the_end_of_a_long_text_is_told_too():
    before, after = (json.dumps({"body": "x" * 300 + end}) for end in "ab")
    said = difference(before, after)
    assert said.startswith("body xxx")
    assert len(said) < 400
    many = json.dumps({f"field_{n}": n for n in range(20)})
    assert difference("{}", many).endswith("; and 8 more fields")
