"""Pickled rows of the workflow engine are found: running them would run whatever they hold."""

from __future__ import annotations

import pytest
from dbos import DBOS, SQLAlchemyDatasource
from sqlalchemy import text

from workbench.store.database import Database


def test_pickled_rows_are_counted(database: Database) -> None:
    assert database.pickled_rows() == 0
    DBOS.migrate(database.url)
    SQLAlchemyDatasource.migrate(database.url)
    assert database.pickled_rows() == 0
    place = "" if database.is_sqlite else "dbos."
    insert = text(
        f"INSERT INTO {place}datasource_outputs (workflow_id, step_id, output, serialization)"
        " VALUES (:workflow, 1, 'x', :serialization)"
    )

    def mark_and_take_back() -> None:
        with database.writing() as session:
            for number, serialization in enumerate(("portable_json", "py_pickle", None, "py_pickle")):
                session.execute(insert, {"workflow": f"w{number}", "serialization": serialization})
            assert database.bound(session).pickled_rows() == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mark_and_take_back()
    assert database.pickled_rows() == 0
