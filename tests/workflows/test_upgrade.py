"""An upgrade is refused while work that an older version began is not finished, and then changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dbos import DBOSClient
from dbos._serialization import DBOSPortableJSONSerializer
from sqlalchemy import text

from workbench.domain.permits import WorkPermit
from workbench.errors import EnvironmentFailure, SchemaOutdated
from workbench.store import schema
from workbench.workflows import durable
from workbench.workflows.durable import WORKFLOW_VERSION
from workbench.workflows.upgrade import upgrade_workspace
from workbench.workspace import Workspace


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request, tmp_path) -> Iterator[Workspace]:
    url = request.getfixturevalue("fresh_postgres_url") if request.param == "postgresql" else ""
    with Workspace.init(tmp_path / "W", settings={"database_url": url}) as workspace:
        yield workspace


def _enqueue(ws: Workspace, *ids: str, version: str) -> None:
    client = DBOSClient(
        system_database_url=ws.database.url, serializer=DBOSPortableJSONSerializer(), application_name="workbench"
    )
    for workflow_id in ids:
        options = {"workflow_name": "job", "queue_name": "jobs", "workflow_id": workflow_id, "app_version": version}
        client.enqueue(options)
    client.destroy()


def _set_state(ws: Workspace, state: str, workflow_id: str) -> None:
    table = "workflow_status" if ws.database.is_sqlite else "dbos.workflow_status"
    with ws.database.writing() as session:
        session.execute(
            text(f"UPDATE {table} SET status = :state WHERE workflow_uuid = :id"),
            {"state": state, "id": workflow_id},
        )


def test_work_of_an_older_version_stops_an_upgrade_until_it_is_finished_or_cancelled(workspace):
    _enqueue(workspace, "running", "waiting", version="0")
    _set_state(workspace, "PENDING", "running")
    for left in (2, 1):
        with pytest.raises(EnvironmentFailure, match=f"not finished: {left} workflow") as caught:
            upgrade_workspace(workspace.path)
        assert caught.value.exit_code == 3
        assert "workbench worker" in caught.value.remedy
        assert "cancel" in caught.value.remedy
        assert not (workspace.path / "data" / "backups").exists()
        _set_state(workspace, "SUCCESS" if left == 2 else "CANCELLED", "running" if left == 2 else "waiting")
    assert "has schema" in upgrade_workspace(workspace.path)


def test_work_of_this_version_stops_no_upgrade(workspace):
    _enqueue(workspace, "waiting", version=WORKFLOW_VERSION)
    assert "has schema" in upgrade_workspace(workspace.path)


def test_an_idle_worker_stops_an_upgrade_until_it_ends(workspace):
    with durable.executing(workspace, name="worker", queues={}) as execution:
        with pytest.raises(EnvironmentFailure, match=f"{execution.executor_id} still executes"):
            upgrade_workspace(workspace.path)
        assert not (workspace.path / "data" / "backups").exists()
    killed = durable.workers_folder(workspace) / "worker-killed.lock"
    killed.touch()
    assert "has schema" in upgrade_workspace(workspace.path)


def test_a_workspace_from_before_permits_is_carried_over_and_takes_them(workspace):
    from alembic import command

    with workspace.database.writing() as session:
        config = schema._config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0006")
    with pytest.raises(SchemaOutdated):
        Workspace.open(workspace.path)
    upgrade_workspace(workspace.path)
    with Workspace.open(workspace.path) as ws:
        permit = WorkPermit(
            permit_id="p", order_id="o", kind="hot_work", requested_at=ws.as_of(), requested_by="olga"
        )  # fmt: skip
        ws.work_permits.put(permit, ws.change("asked for"))
        assert ws.work_permits.of_order("o") == (permit,)
