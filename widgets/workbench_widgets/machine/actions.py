"""What can be asked for on the machine page: a ticket, a report, a run of the cycle; each is one public call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import workbench
from workbench.domain.work import Priority
from workbench.workspace import Workspace
from workbench_widgets.kit import python_call

MOST_TITLE = 200
MOST_STEPS = 10_000


@dataclass(frozen=True)
class Ticket:
    """A work order that a person fills in."""

    machine_id: str
    title: str
    steps: tuple[str, ...]
    priority: Priority

    @classmethod
    def from_form(cls, machine_id: str, form: dict[str, Any]) -> Ticket:
        """Return the ticket in a form: ``title``, ``steps`` (one a line), ``priority`` (a name)."""
        lines = (line.strip() for line in str(form.get("steps", "")).splitlines())
        name = str(form.get("priority", ""))
        priority = Priority[name] if name in Priority.__members__ else Priority.ROUTINE
        return cls(machine_id, str(form.get("title", "")).strip(), tuple(line for line in lines if line), priority)

    def faults(self) -> dict[str, str]:
        """Return what is wrong with the form: field and reason."""
        found = {}
        if not self.title:
            found["title"] = "Say in a few words what is wrong."
        elif len(self.title) > MOST_TITLE:
            found["title"] = f"{len(self.title):,} characters; at most {MOST_TITLE} are allowed. Put the rest below."
        if sum(map(len, self.steps)) > MOST_STEPS:
            found["steps"] = f"At most {MOST_STEPS:,} characters are allowed."
        return found

    @property
    def code(self) -> str:
        """The Python that raises it."""
        steps = f", steps={list(self.steps)!r}" if self.steps else ""
        urgent = f", priority={int(self.priority)}" if self.priority is not Priority.ROUTINE else ""
        return python_call("workbench.raise_ticket", self.machine_id, self.title)[:-1] + f"{steps}{urgent})"

    def raise_in(self, ws: Workspace) -> str:
        """Open the work order and return its number."""
        order = workbench.raise_ticket(ws, self.machine_id, self.title, steps=self.steps, priority=self.priority)
        return order.number


def job_parameters(machine_id: str) -> dict[str, dict[str, Any]]:
    """Return the jobs that can be submitted for a machine: kind and parameters."""
    return {
        "report": {"template": "machine_report", "parameters": {"machine_id": machine_id}},
        "cycle": {"machines": [machine_id]},
    }
