"""Runs durable workflows (DBOS) inside this process, for one workspace, with an executor id that no other process has."""

from __future__ import annotations

import fcntl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workbench.errors import EnvironmentFailure, WorkbenchError

if TYPE_CHECKING:
    from dbos import SQLAlchemyDatasource

    from workbench.workspace import Workspace

# Changed only when the steps of a workflow change: work begun under another version is not resumed.
WORKFLOW_VERSION = "1"
APPLICATION = "workbench"
POLL_S = 0.02
_launching = threading.Lock()
_running: Execution | None = None


@dataclass(frozen=True)
class Execution:
    """What a step needs: the workspace it belongs to and the data source that commits with it."""

    workspace: Workspace
    datasource: SQLAlchemyDatasource
    executor_id: str
    lock: IO[str]
    notify: Callable[[str, str], None]


def current() -> Execution:
    """Return the execution of this process; raises ``WorkbenchError`` outside :func:`executing`."""
    if _running is None:
        raise WorkbenchError("No workspace executes in this process.", "Start it with workflows.durable.executing(ws).")
    return _running


def _lock(path: Path) -> IO[str] | None:
    """Return the open file when the lock on ``path`` could be taken, else None."""
    handle = path.open("a+", encoding="utf8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def _claim_executor(workers: Path) -> tuple[str, IO[str]]:
    """Take an executor id that no process ever had: launching under a dead one's would start its work unasked."""
    workers.mkdir(parents=True, exist_ok=True)
    executor_id = f"cli-{uuid.uuid4()}"
    handle = _lock(workers / f"{executor_id}.lock")
    if handle is None:
        raise EnvironmentFailure(f"The lock {workers / executor_id}.lock cannot be taken.", "Try again.")
    return executor_id, handle


def executor_lives(ws: Workspace, executor_id: str) -> bool:
    """Say whether the process that claimed ``executor_id`` still runs (it holds the lock file)."""
    if _running is not None and _running.executor_id == executor_id:
        return True
    path = ws.path / "data" / "workers" / f"{executor_id}.lock"
    if not path.exists():
        return False
    handle = _lock(path)
    if handle is None:
        return True
    path.unlink(missing_ok=True)
    handle.close()
    return False


def _ignore(_machine_id: str, _message: str) -> None:
    """Take progress that nobody watches."""


@contextmanager
def executing(ws: Workspace, *, notify: Callable[[str, str], None] | None = None) -> Iterator[Execution]:
    """Launch DBOS for ``ws`` and yield its execution; shut it down at the end.

    Queued jobs are left to workers. Raises ``EnvironmentFailure`` when the process already executes for a
    workspace (DBOS is a process singleton and would silently keep the first database) or the records cannot
    be written.
    """
    from dbos import DBOS, SQLAlchemyDatasource
    from dbos._serialization import DBOSPortableJSONSerializer

    global _running
    ws.database.probe()
    if ws.database.pickled_rows():
        raise EnvironmentFailure(
            f"{ws.database.place} holds pickled rows, which the workbench never writes; running them could run any code.",
            "Restore a backup of the records.",
        )
    with _launching:
        if _running is not None:
            raise EnvironmentFailure(
                f"This process already executes for the workspace {_running.workspace.path}.",
                "Run the other workspace in a process of its own.",
            )
        executor_id, lock = _claim_executor(ws.path / "data" / "workers")
        serializer = DBOSPortableJSONSerializer()
        url = ws.database.url
        try:
            DBOS(
                config={
                    "name": APPLICATION,
                    "system_database_url": url,
                    "serializer": serializer,
                    "log_level": "CRITICAL",
                    "application_version": WORKFLOW_VERSION,
                    "executor_id": executor_id,
                    "run_migrations": False,
                    "notification_listener_polling_interval_sec": 0.1,
                }
            )
            DBOS.listen_queues([])
            datasource = SQLAlchemyDatasource.create(
                url, engine=ws.database.engine, serializer=serializer, run_migrations=False
            )
            _running = Execution(ws, datasource, executor_id, lock, notify or _ignore)
            DBOS.launch()
        except BaseException:
            _shut_down(lock)
            raise
    try:
        yield _running
    finally:
        _shut_down(lock)


def _shut_down(lock: IO[str]) -> None:
    from dbos import DBOS

    global _running
    DBOS.destroy(workflow_completion_timeout_sec=0)
    _running = None
    Path(lock.name).unlink(missing_ok=True)
    lock.close()


def run_once(ws: Workspace, workflow: Callable[..., Any], workflow_id: str, *args: Any) -> Any:
    """Run ``workflow`` under ``workflow_id`` and return its result; a finished one is not run again.

    A run that a dead process left behind is resumed where it stopped; a failed one starts anew (its effects
    are keyed in the records, so none happens twice). Raises ``WorkbenchError`` when it fails.
    """
    from dbos import DBOS, SetWorkflowID

    status = DBOS.get_workflow_status(workflow_id)
    if status is not None and status.status in ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"):
        DBOS.delete_workflow(workflow_id)
        status = None
    try:
        if status is not None and status.status == "PENDING" and not executor_lives(ws, status.executor_id or ""):
            return DBOS.resume_workflow(workflow_id).get_result(polling_interval_sec=POLL_S)
        with SetWorkflowID(workflow_id):
            handle = DBOS.start_workflow(workflow, *args)
        return handle.get_result(polling_interval_sec=POLL_S)
    except WorkbenchError:
        raise
    except Exception as error:
        raise WorkbenchError(f"{type(error).__name__}: {error}.", "Mend the cause and run again.") from error


def resume_abandoned(ws: Workspace, name: str) -> list[WorkbenchError]:
    """Finish the runs of workflow ``name`` that dead processes left behind; return the errors of those that failed."""
    from dbos import DBOS

    failures = []
    for status in DBOS.list_workflows(status="PENDING", name=name, load_input=False, load_output=False):
        if executor_lives(ws, status.executor_id or ""):
            continue
        try:
            DBOS.resume_workflow(status.workflow_id).get_result(polling_interval_sec=POLL_S)
        except Exception as error:  # noqa: BLE001 - whatever stopped it is recorded and reported
            failures.append(WorkbenchError(f"An interrupted run failed when it was resumed: {error}."))
    return failures
