"""Runs durable workflows (DBOS) inside this process, for one workspace, with an executor id that no other process has."""

from __future__ import annotations

import fcntl
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError

from workbench.errors import EnvironmentFailure, WorkbenchError
from workbench.store.faults import environment_failure

if TYPE_CHECKING:
    from dbos import SQLAlchemyDatasource

    from workbench.workspace import Workspace

# Changed only when the steps of a workflow change: work begun under another version is not resumed.
WORKFLOW_VERSION = "1"
APPLICATION = "workbench"
WORKERS = Path("data") / "workers"
POLL_S = 0.02
# Where runs that a dead process left behind wait: taken by any process that executes them, never by an idle worker.
ABANDONED_RUNS = "abandoned_runs"
_OWN_QUEUES: Mapping[str, Mapping[str, Any]] = {ABANDONED_RUNS: {"polling_interval_sec": 0.1}}
# What executor ids of this process begin with; a job's process puts the job's name here.
executor_name = "cli"
T = TypeVar("T")
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


def workers_folder(ws: Workspace) -> Path:
    """Return the folder with one locked file for each process that executes for ``ws``."""
    return ws.path / WORKERS


def living_executors(workspace: Path) -> list[str]:
    """Return the ids of the processes that execute for the workspace at a path, whatever their version."""
    living = []
    for path in sorted((workspace / WORKERS).glob("*.lock")):
        handle = _lock(path)
        if handle is None:
            living.append(path.stem)
        else:
            handle.close()
    return living


def _lock(path: Path) -> IO[str] | None:
    """Return the open file when the lock on ``path`` could be taken, else None."""
    handle = path.open("a+", encoding="utf8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its last holder may have removed it since it was opened: a lock on a removed file excludes nobody.
        if os.fstat(handle.fileno()).st_ino == path.stat().st_ino:
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    handle.close()
    return None


def _claim_executor(workers: Path, name: str) -> tuple[str, IO[str]]:
    """Take an executor id that no process ever had: launching under a dead one's would start its work unasked."""
    workers.mkdir(parents=True, exist_ok=True)
    executor_id = f"{name}-{uuid.uuid4()}"
    # Locked under another name first: nobody can see it unlocked and take it for that of a dead process.
    handle = _lock(workers / f".{executor_id}")
    if handle is None:
        raise EnvironmentFailure(f"A lock in {workers} cannot be taken.", "Try again.")
    Path(handle.name).rename(workers / f"{executor_id}.lock")
    return executor_id, handle


@contextmanager
def holding_place_of(ws: Workspace, executor_id: str) -> Iterator[bool]:
    """Hold the lock of a dead executor, so that nobody else takes its work over meanwhile; yield False when it lives."""
    path = workers_folder(ws) / f"{executor_id}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    is_own = _running is not None and _running.executor_id == executor_id
    handle = None if is_own else _lock(path)
    if handle is None:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        handle.close()


def executor_lives(ws: Workspace, executor_id: str) -> bool:
    """Say whether the process that claimed ``executor_id`` still runs (it holds the lock file)."""
    if not (workers_folder(ws) / f"{executor_id}.lock").exists():
        return False
    with holding_place_of(ws, executor_id) as is_dead:
        return not is_dead


def _ignore(_machine_id: str, _message: str) -> None:
    """Take progress that nobody watches."""


def clear_places(ws: Workspace) -> None:
    """Remove the lock files of dead processes: those that were killed could not."""
    for path in workers_folder(ws).glob("*.lock"):
        with holding_place_of(ws, path.stem):
            pass


@contextmanager
def executing(
    ws: Workspace,
    *,
    notify: Callable[[str, str], None] | None = None,
    name: str | None = None,
    queues: Mapping[str, Mapping[str, Any]] = _OWN_QUEUES,
) -> Iterator[Execution]:
    """Launch DBOS for ``ws`` and yield its execution; shut it down at the end.

    Takes work from ``queues`` (names and limits) only: queued jobs are left to workers. Raises ``EnvironmentFailure`` when the process already executes for a
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
        clear_places(ws)
        executor_id, lock = _claim_executor(workers_folder(ws), name or executor_name)
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
            DBOS.listen_queues(list(queues))
            datasource = SQLAlchemyDatasource.create(
                url, engine=ws.database.engine, serializer=serializer, run_migrations=False
            )
            _running = Execution(ws, datasource, executor_id, lock, notify or _ignore)
            DBOS.launch()
            for queue, limits in queues.items():
                DBOS.register_queue(queue, **limits)
        except BaseException:
            _shut_down(ws, executor_id, lock)
            raise
    try:
        yield _running
    finally:
        _shut_down(ws, executor_id, lock)


def _shut_down(ws: Workspace, executor_id: str, lock: IO[str]) -> None:
    from dbos import DBOS

    global _running
    DBOS.destroy(workflow_completion_timeout_sec=0)
    _running = None
    (workers_folder(ws) / f"{executor_id}.lock").unlink(missing_ok=True)
    lock.close()


def beside_event_loop(work: Callable[[], T]) -> T:
    """Return ``work()``; in a notebook, whose thread runs an event loop, it is run in a thread of its own.

    The workflow engine refuses its plain functions where a loop runs.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


def in_words(ws: Workspace, error: Exception) -> WorkbenchError:
    """Return an error of a workflow or of its engine as one for people, without the statement that met it."""
    from dbos import PortableWorkflowError

    if isinstance(error, WorkbenchError):
        return error
    failure = ws.database.failure(error) if isinstance(error, DBAPIError) else None
    if failure is not None:
        return failure
    if isinstance(error, PortableWorkflowError):
        # As another process recorded it: a name and a message.
        said = error.message.partition("\n[SQL:")[0]
        failure = environment_failure(Exception(said), ws.database.place) if error.name == "OperationalError" else None
        of_environment = error.name == EnvironmentFailure.__name__
        return failure or (EnvironmentFailure(said) if of_environment else WorkbenchError(f"{error.name}: {said}"))
    return WorkbenchError(f"{type(error).__name__}: {error}.", "Mend the cause and run again.")


UNFINISHED = ("PENDING", "ENQUEUED")


def take_over(ws: Workspace, workflow_id: str, executor_id: str, queue: str) -> bool:
    """Put a run of a dead executor on ``queue``, to be resumed where it stopped; False when the executor lives."""
    from dbos import DBOS

    with holding_place_of(ws, executor_id) as is_dead:
        # Somebody else may have taken it over since it was looked up, and would then run it beside us.
        found = is_dead and DBOS.list_workflows(
            workflow_ids=[workflow_id], status="PENDING", executor_id=executor_id, load_input=False, load_output=False
        )
        if found:
            DBOS.resume_workflow(workflow_id, queue_name=queue)
        return bool(found)


def _result_of(ws: Workspace, workflow_id: str) -> Any:
    """Wait for a run that some process executes, and take it over whenever that process dies."""
    from dbos import DBOS

    while (status := DBOS.get_workflow_status(workflow_id)) is not None and status.status in UNFINISHED:
        if status.status == "PENDING" and not executor_lives(ws, status.executor_id or ""):
            take_over(ws, workflow_id, status.executor_id or "", ABANDONED_RUNS)
        time.sleep(POLL_S)
    return DBOS.retrieve_workflow(workflow_id).get_result(polling_interval_sec=POLL_S)


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
        if status is not None and status.status in UNFINISHED:
            return _result_of(ws, workflow_id)
        with SetWorkflowID(workflow_id):
            handle = DBOS.start_workflow(workflow, *args)
        begun = DBOS.get_workflow_status(workflow_id)
        if begun is not None and begun.executor_id != current().executor_id:
            # Another process began it in the same instant.
            return _result_of(ws, workflow_id)
        return handle.get_result(polling_interval_sec=POLL_S)
    except WorkbenchError:
        raise
    except Exception as error:
        raise in_words(ws, error) from error


def resume_abandoned(ws: Workspace, name: str) -> list[WorkbenchError]:
    """Finish the runs of workflow ``name`` that dead processes left behind; return the errors of those that failed."""
    from dbos import DBOS

    failures = []
    for status in DBOS.list_workflows(status=list(UNFINISHED), name=name, load_input=False, load_output=False):
        if status.status == "PENDING" and executor_lives(ws, status.executor_id or ""):
            continue
        try:
            _result_of(ws, status.workflow_id)
        except Exception as error:  # noqa: BLE001 - whatever stopped it is recorded and reported
            failures.append(in_words(ws, error))
    return failures
