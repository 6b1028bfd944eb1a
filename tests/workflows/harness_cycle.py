"""Forks a process for each cycle run that a test asks for, and kills it with SIGKILL at a named point or a moment.

Started as a script it imports everything once, launches nothing, and answers one line of JSON for each line it
reads: a list of runs that start at the same time, ``{"path", "machines", "url"?, ...}``.
``at`` names the point to die at, ``hold`` the point to stop at until killed, ``after_s`` the seconds after which it
is killed, ``fail`` the step that raises when its work is done, ``delay_s`` how much later than the others it begins.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

STEPS = ("predict", "analyse", "report", "inventory", "assign", "notify", "finish")
# Of each transaction: before it begins, before its commit, after its commit, and when the workflow engine knows of it.
MOMENTS = ("before", "within", "committed", "after")
POINTS = (
    *("begun", "unscored", "scored", *(f"{moment} {step}" for step in STEPS for moment in MOMENTS), "ended"),
    *(f"{moment} plan" for moment in MOMENTS),
    *(f"{moment} cases" for moment in MOMENTS),
)


class ForkServer:
    """The test's end of the pipe to the process that forks."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, *runs: dict[str, Any]) -> list[dict[str, Any]]:
        """Start ``runs`` at the same time, and return how each ended: exit ``status``, ``seconds``, ``error``."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(runs) + "\n")
        stdin.flush()
        answer: list[dict[str, Any]] = json.loads(stdout.readline())
        return answer


@contextmanager
def fork_server(warm: Path | None = None) -> Iterator[ForkServer]:
    """Start a process that forks the runs; models of the workspace ``warm`` are read once, before any fork."""
    command = [sys.executable, __file__, *([str(warm)] if warm else [])]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        yield ForkServer(process)
        process.stdin.close()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _at_point(ws: Any, wanted: str, act: Callable[[], None]) -> None:
    """Prepare this process to ``act`` when it passes the point ``wanted``."""
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    from workbench.workflows import cycle, durable, score

    step = ""

    def passed(point: str) -> None:
        if point == wanted:
            act()

    def wrapped(work: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            passed(before)
            result = work(*args, **named)
            passed(after)
            return result

        return call

    in_transaction = cycle._in_transaction

    def recorded(name: str, *args: Any) -> Any:
        nonlocal step
        passed(f"before {name}")
        step = name
        result = in_transaction(name, *args)
        step = ""
        passed(f"after {name}")
        return result

    def over_the_fleet(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal step
            passed(f"before {name}")
            step = name
            result = work(*args, **named)
            passed(f"after {name}")
            return result

        return call

    cycle.plan_after_cycle = over_the_fleet("plan", cycle.plan_after_cycle)
    cycle.tell_of_cases = over_the_fleet("cases", cycle.tell_of_cases)
    event.listen(ws.database.engine, "commit", lambda _connection: passed(f"within {step}"))
    event.listen(Session, "after_commit", lambda _session: passed(f"committed {step}"))
    cycle._in_transaction = recorded
    cycle._begin = wrapped(cycle._begin, "", "begun")
    score.predict_one = wrapped(score.predict_one, "unscored", "scored")
    durable.run_once = wrapped(durable.run_once, "", "ended")


def _fails_after(name: str) -> None:
    """Prepare this process to raise when the work of the step ``name`` is done, before it is committed."""
    from workbench.workflows import cycle, cycle_steps

    def wrapped(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            work(*args)
            raise ZeroDivisionError(name)

        return call

    if name in cycle_steps.STEPS:
        cycle_steps.STEPS[name] = wrapped(cycle_steps.STEPS[name])
    else:
        cycle._finish = wrapped(cycle._finish)


def _work(run: dict[str, Any]) -> int:
    from workbench.workflows.cycle import run_cycle
    from workbench.workspace import Workspace

    time.sleep(run.get("delay_s", 0))
    with Workspace.open(run["path"]) as ws:
        if "at" in run:
            _at_point(ws, run["at"], _die)
        if "hold" in run:
            _at_point(ws, run["hold"], lambda: time.sleep(60))
        if "fail" in run:
            _fails_after(run["fail"])
        outcome = run_cycle(ws, run["machines"])
        for failure in outcome.failed:
            sys.stderr.write(f"{failure}\n")
        return 1 if outcome.failed else 0


def _child(run: dict[str, Any], errors: IO[str], gate: int) -> None:
    os.dup2(errors.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    os.environ.pop("WORKBENCH_DATABASE_URL", None)
    if run.get("url"):
        os.environ["WORKBENCH_DATABASE_URL"] = run["url"]
    # All runs of one request begin when the gate is opened.
    os.read(gate, 1)
    status = 1
    try:
        status = _work(run)
    except BaseException:  # noqa: BLE001 - the test reads what it was
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _start(runs: list[dict[str, Any]]) -> list[tuple[int, int, IO[str]]]:
    import tempfile

    read, write = os.pipe()
    children = []
    for run in runs:
        errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when the run has ended
        pid = os.fork()
        if pid == 0:
            os.close(write)
            _child(run, errors, read)
        children.append((pid, os.pidfd_open(pid), errors))
    os.close(read)
    os.close(write)
    return children


def _ended(pid: int, descriptor: int, errors: IO[str], after_s: float | None, begun: float) -> dict[str, Any]:
    if not select.select([descriptor], [], [], after_s)[0]:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - begun
    os.close(descriptor)
    errors.seek(0)
    said = errors.read()
    errors.close()
    return {"status": os.waitstatus_to_exitcode(status), "seconds": seconds, "error": said[-4000:]}


def _serve() -> None:
    import dbos
    import duckdb
    import psycopg
    import sklearn.ensemble
    import sqlalchemy.dialects.postgresql.psycopg

    import workbench.ml
    import workbench.telemetry
    import workbench.workflows.cycle
    from workbench.workflows import score
    from workbench.workspace import Workspace

    loaded = (dbos, duckdb, psycopg, sklearn.ensemble, sqlalchemy.dialects.postgresql.psycopg, workbench.telemetry)
    assert all(loaded)
    for warm in sys.argv[1:]:
        with Workspace.open(warm) as ws:
            for machine_id in ws.machines.ids():
                score.load_models(ws, machine_id)
    for line in sys.stdin:
        runs = json.loads(line)
        begun = time.monotonic()
        children = _start(runs)
        ended = [_ended(*child, run.get("after_s"), begun) for child, run in zip(children, runs, strict=True)]
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
