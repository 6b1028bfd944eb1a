"""Scenarios of a machine from where its twin stands now, and faults injected into it; nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.catalog.scenarios import built_in_scenarios, make_scenario, parse_scenarios
from workbench.domain.progress import untold
from workbench.domain.twin import FaultInjection, PossibleFault, Scenario, ScenarioComparison
from workbench.errors import InvalidDocument, NotFound
from workbench.twin import scenarios as engine
from workbench.twin.injection import possible_faults as engine_faults
from workbench.twin.state_model import twin_of, usual_load
from workbench.workflows.onboard import read_text

from .health import current_twin

if TYPE_CHECKING:
    from workbench.workspace import Workspace

HORIZON_H, SAMPLES = 720.0, 200
# Of the progress told: what is done once it is known where the twin stands.
RECORD_SHARE = 0.2


def compare_scenarios(
    ws: Workspace,
    machine_id: str,
    scenarios: Sequence[Scenario | str] | None = None,
    *,
    hours: float = HORIZON_H,
    samples: int = SAMPLES,
    seed: int | None = None,
    start: Literal["now", "new"] = "now",
    protection: bool = True,
    as_of: datetime | None = None,
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ScenarioComparison:
    """Return what comes of a machine under each scenario: trajectories, trips, health, life left, energy.

    Nothing in the workspace changes. Every scenario runs on the same ``samples`` of machines of this class (1 to 10,000;
    1: the profile's own values, without noise), so that they differ by the scenario alone.

    Args:
        ws: the workspace.
        machine_id: the machine.
        scenarios: names of built-in ones, or scenarios of one's own (``read_scenarios`` reads a file); None: the four
            built-in ones.
        hours: length of those that do not say their own.
        samples: how many machines of the class to draw.
        seed: default: the workspace's.
        start: ``now``, after the load on record, or ``new``.
        protection: False: no trip stops the machine, whatever a scenario says.
        as_of: the instant that is now; default: the workspace's.
        progress: told the fraction done and what is being done.
        should_stop: asked now and then.

    Raises:
        NotFound: there is no such machine, or no such built-in scenario.
        InvalidDocument: everything that is wrong with the question at once.
        Stopped: ``should_stop`` said so.
    """
    chosen = [
        _named(one) if isinstance(one, str) else one
        for one in (built_in_scenarios() if scenarios is None else scenarios)
    ]
    if not protection:
        chosen = [one.model_copy(update={"protection": False}) for one in chosen]
    tell = progress or untold
    tell(0.0, "running the twin through its record")
    now = current_twin(ws, machine_id, as_of=as_of)
    if start == "new":
        now = now.as_new()
    return engine.compare_scenarios(
        now.model,
        now.profile,
        chosen,
        hours=hours,
        samples=samples,
        seed=ws.settings.seed if seed is None else seed,
        start=engine.Start(now.state, now.running_h),
        health=now.health(hours if hours > 0 else HORIZON_H),
        progress=lambda done, said: tell(RECORD_SHARE + (1.0 - RECORD_SHARE) * done, said),
        should_stop=should_stop,
    )


def inject_fault(
    ws: Workspace,
    machine_id: str,
    faults: Sequence[FaultInjection | Mapping[str, Any]],
    *,
    load: float | None = None,
    hours: float = HORIZON_H,
    samples: int = SAMPLES,
    seed: int | None = None,
    protection: bool = True,
    progress: Callable[[float, str], None] | None = None,
) -> ScenarioComparison:
    """Return what faults do to a machine beside the same machine without them: scenarios ``sound`` and ``faulty``.

    ``faults``: each a ``FaultInjection`` or its fields, e.g. ``{"fault": "unbalance", "at_h": 24, "severity": 0.4}``.
    ``load``: share of rated power (None: as the machine is usually worked). Raises as ``compare_scenarios`` does, also for
    a fault that the machine cannot have; ``possible_faults`` names those that it can.
    """
    given = [one.model_dump() if isinstance(one, FaultInjection) else dict(one) for one in faults]
    asked = {
        "name": "faulty",
        "title": f"With {', '.join(str(one.get('fault', '')).replace('_', ' ') for one in given) or 'nothing'}",
        "load": usual_load(ws.machines.get(machine_id)) if load is None else load,
        "protection": protection,
        "faults": given,
    }
    faulty = _injected(ws, machine_id, asked, hours=hours, samples=samples)
    sound = faulty.model_copy(update={"name": "sound", "title": "Without a fault", "faults": ()})
    return compare_scenarios(
        ws, machine_id, (sound, faulty), hours=hours, samples=samples, seed=seed, progress=progress
    )


def _injected(ws: Workspace, machine_id: str, asked: dict[str, Any], *, hours: float, samples: int) -> Scenario:
    """Return the scenario asked for; its faults are told together with what the machine cannot have."""
    where = "What is to be injected"
    try:
        return make_scenario(asked, where=where)
    except InvalidDocument as error:
        named = [FaultInjection.model_construct(fault=str(one.get("fault", ""))) for one in asked["faults"]]
        bare = Scenario(name="faulty", title="Names alone", faults=tuple(named))
        model = twin_of(ws.machines.get(machine_id))
        further = engine.scenario_faults(model, [bare], hours=hours, samples=samples)
        raise InvalidDocument(where, [*error.faults, *further]) from None


def possible_faults(ws: Workspace, machine_id: str) -> list[PossibleFault]:
    """Return the faults that can be injected into a machine; raises ``NotFound`` for an unknown machine."""
    return list(engine_faults(twin_of(ws.machines.get(machine_id))).values())


def read_scenarios(path: Path | str) -> tuple[Scenario, ...]:
    """Return the scenarios of a YAML or JSON file; raises ``InvalidDocument`` that lists every fault with its line."""
    return parse_scenarios(read_text(Path(path)), where=str(path))


def _named(name: str) -> Scenario:
    known = {one.name: one for one in built_in_scenarios()}
    if name not in known:
        raise NotFound(f"There is no scenario {name!r}.", f"Built in: {', '.join(known)}. Others are read from a file.")
    return known[name]
