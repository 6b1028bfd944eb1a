"""A SQL query as a source: the rules of files, read only, no secret shown, and only what is new where it asks so."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pandas as pd
import pytest
from sqlalchemy import create_engine, text
from tests.telemetry.conftest import make_profile, readings
from typer.testing import CliRunner

import workbench
from workbench.domain.mapping import ColumnMapping, SensorColumn
from workbench.errors import EnvironmentFailure, InputError, NotFound, RefusedFile
from workbench.telemetry.readers import sql
from workbench.workflows.onboard import create_workspace

ALL = 'SELECT machine_id, time, "bearing_temp_C", vibration_rms_mm_s FROM readings'
NEWER = f"{ALL} WHERE time > :since ORDER BY time"


@pytest.fixture
def ws(tmp_path):
    with create_workspace(tmp_path / "W") as made:
        for machine in ("motor_a", "motor_b"):
            made.machines.add(make_profile(machine).model_copy(update={"site_id": "main"}), made.change("test"))
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def historian(request, tmp_path, monkeypatch):
    """A database with a table of readings of two machines, and the source that queries it."""
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'historian.db'}"
    monkeypatch.setenv("HISTORIAN_URL", url)
    engine = create_engine(url)

    def add(frame: pd.DataFrame) -> None:
        frame.to_sql("readings", engine, if_exists="append", index=False)

    add(pd.concat([readings(200).assign(machine_id=name) for name in ("motor_a", "motor_b")]))
    yield add
    engine.dispose()


def query(words: str = NEWER, **params) -> workbench.SqlSource:
    return workbench.SqlSource(words, "env:HISTORIAN_URL", params)


def test_readings_are_stored_as_they_stand_in_the_database(ws, historian):
    [report] = workbench.ingest(ws, query()).reports
    assert (report.rows_stored, report.rows_quarantined, report.machines) == (400, 0, ("motor_a", "motor_b"))
    assert report.source.startswith("SQL query on ")
    pd.testing.assert_frame_equal(ws.telemetry.read("motor_b"), readings(200), check_dtype=False)


def test_since_is_the_newest_reading_and_nothing_new_is_no_failure(ws, historian):
    workbench.ingest(ws, query())
    outcome = workbench.ingest(ws, query())
    assert outcome.reports == () or outcome.reports[0].rows_stored == 0
    later = readings(210).iloc[200:].assign(machine_id="motor_a")
    historian(later)
    [report] = workbench.ingest(ws, query()).reports
    assert report.rows_stored == 10
    assert report.rows_read < 100
    assert ws.telemetry.rows("motor_a") == 210
    [report] = workbench.ingest(ws, query(since="2020-01-01 00:00:00+00:00")).reports
    assert (report.rows_read, report.rows_stored) == (410, 0)


def test_a_machine_that_came_later_is_told_of_where_its_past_is_not_read(ws, historian):
    workbench.ingest(ws, query())
    ws.machines.add(make_profile("motor_c").model_copy(update={"site_id": "main"}), ws.change("test"))
    historian(readings(200).assign(machine_id="motor_c"))
    note = workbench.ingest(ws, query()).notes[-1]
    assert note.startswith("motor_c: no readings yet, and none asked for from before ")
    everything = workbench.ingest(ws, query(since="2020-01-01 00:00:00+00:00"))
    assert everything.notes == ()
    assert ws.telemetry.rows("motor_c") == 200


def test_the_same_result_again_changes_nothing_whatever_the_blocks(ws, historian, monkeypatch):
    monkeypatch.setattr(sql, "BLOCK_VALUES", 4 * 64)
    words = f"{ALL} ORDER BY machine_id, time;"
    [report] = workbench.ingest(ws, query(words)).reports
    assert report.rows_stored == 400
    [again] = workbench.ingest(ws, query(words)).reports
    assert again.already_ingested


def test_bad_rows_are_quarantined_with_their_text_and_a_mapping_gives_names_and_units(ws, historian):
    mapping = ColumnMapping(
        time_column="at",
        machine_column="asset",
        machine_names={"A": "motor_a"},
        columns={"temp [degF]": SensorColumn(sensor="bearing_temp_C")},
    )
    words = """
        -- the middle of 2025
        SELECT 'A' AS asset, time AS at,
               CASE WHEN "bearing_temp_C" = (SELECT min("bearing_temp_C") FROM readings) THEN 9999 ELSE 212 END AS "temp [degF]"
        FROM readings WHERE machine_id = :machine
    """
    [report] = workbench.ingest(ws, query(words, machine="motor_a"), mapping=mapping).reports
    assert (report.rows_stored, report.rows_quarantined) == (199, 1)
    assert ws.telemetry.read("motor_a").bearing_temp_C.unique() == pytest.approx(100.0)
    assert ws.telemetry.quarantined(report.batch_id)["temp [degF]"].tolist() == ["9999"]


UNUSABLE = (
    ("SELECT * FROM nothing_there", "nothing_there"),
    ("SELECT machine_id FROM readings", "time column is missing"),
    ('SELECT time, machine_id, 5 AS "bearing_temp_C [furlong]" FROM readings', "'furlong' is not declared"),
    ("SELECT machine_id, time, time FROM readings", "is there twice"),
    (f"{ALL} WHERE 1 = 0", "no rows"),
    ("SELECT time FROM readings WHERE machine_id = :machine", "parameter :machine has no value"),
    ("DELETE FROM readings", "is no SELECT"),
    ("WITH x AS (DELETE FROM readings RETURNING *) SELECT * FROM x", "failed"),
    ("SELECT 1; DELETE FROM readings", "failed"),
)


def test_a_query_that_cannot_be_used_is_refused_in_words_and_changes_nothing(ws, historian):
    for words, match in UNUSABLE:
        with pytest.raises(InputError, match=match) as caught:
            workbench.ingest(ws, query(words))
        assert caught.value.exit_code == 2
        assert "sqlalche.me" not in str(caught.value)
    with pytest.raises(InputError, match="no parameter :machine"):
        workbench.ingest(ws, query(machine="motor_a"))
    assert ws.telemetry.rows() == 0
    [report] = workbench.ingest(ws, query()).reports
    assert report.rows_stored == 400


def test_a_function_that_writes_fails_in_the_read_only_transaction(ws, postgres_url, monkeypatch):
    monkeypatch.setenv("HISTORIAN_URL", postgres_url)
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE counter"))
    engine.dispose()
    with pytest.raises(InputError, match="read-only"):
        workbench.ingest(ws, query("SELECT now() AS time, nextval('counter') AS n"))


def test_local_times_of_the_database_follow_the_mapping(ws, postgres_url, monkeypatch):
    monkeypatch.setenv("HISTORIAN_URL", postgres_url)
    mapping = ColumnMapping(
        time_column="at",
        machine_id="motor_a",
        time_zone="Europe/Berlin",
        columns={"t": SensorColumn(sensor="bearing_temp_C")},
    )
    words = "SELECT * FROM (VALUES (timestamp '2025-07-01 12:00', 50), (timestamp '2025-07-01 13:00', 51)) AS r(at, t) WHERE at > :since"
    [report] = workbench.ingest(ws, query(words), mapping=mapping).reports
    assert report.first_time.isoformat() == "2025-07-01T10:00:00+00:00"
    assert (
        workbench.ingest(ws, query(words), mapping=mapping)
        .notes[0]
        .endswith("nothing newer than 2025-07-01 11:00:00 UTC")
    )


def test_text_among_numbers_and_epoch_times_are_read_as_in_a_file(ws, tmp_path):
    path = tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE r (time, bearing_temp_C, vibration_rms_mm_s)")
        database.executemany(
            "INSERT INTO r VALUES (?, ?, 1.5)",
            [(1_750_000_000 + 60 * i, "n/a" if i == 3 else 40 + i) for i in range(10)],
        )
    source = workbench.SqlSource("SELECT * FROM r WHERE time > unixepoch(:since)", f"sqlite:///{path}")
    [report] = workbench.ingest(ws, source, machine_id="motor_a").reports
    assert (report.rows_stored, report.rows_quarantined) == (10, 0)
    stored = ws.telemetry.read("motor_a")
    assert stored.bearing_temp_C.isna().tolist() == [i == 3 for i in range(10)]
    assert workbench.ingest(ws, source, machine_id="motor_a").reports == ()


def test_no_password_is_taken_shown_or_stored(ws, monkeypatch, capfd):
    secret = "hunter2-do-not-show"  # noqa: S105 - of nobody
    with pytest.raises(InputError, match="has a password in it") as caught:
        workbench.ingest(ws, workbench.SqlSource(NEWER, f"postgresql://joe:{secret}@127.0.0.1/plant"))
    told = [str(caught.value)]
    for url, kind in (
        (f"postgresql://joe:{secret}@127.0.0.1:1/plant", EnvironmentFailure),
        (f"postgresql://joe:{secret}@127.0.0.1:port/plant", InputError),
        (f"mysql://joe:{secret}@127.0.0.1/plant", InputError),
    ):
        monkeypatch.setenv("HISTORIAN_URL", url)
        with pytest.raises(kind) as caught:
            workbench.ingest(ws, query())
        told.append(str(caught.value))
    assert "cannot be reached" in told[1]
    assert "refused" in told[1]
    assert secret not in "".join([*told, *capfd.readouterr()])
    assert b"hunter2" not in (ws.path / "data" / "workbench.db").read_bytes()


def test_what_is_not_there_is_said(ws, tmp_path, monkeypatch):
    monkeypatch.delenv("HISTORIAN_URL", raising=False)
    with pytest.raises(InputError, match="HISTORIAN_URL is not set"):
        workbench.ingest(ws, query())
    with pytest.raises(NotFound, match=r"gone\.db does not exist"):
        workbench.ingest(ws, workbench.SqlSource(NEWER, f"sqlite:///{tmp_path / 'gone.db'}"))
    assert not (tmp_path / "gone.db").exists()
    (tmp_path / "text.db").write_text("no database at all" * 100)
    with pytest.raises(InputError, match="not a database"):
        workbench.ingest(ws, workbench.SqlSource(NEWER, f"sqlite:///{tmp_path / 'text.db'}"))


def test_the_command_takes_a_query(ws, tmp_path, monkeypatch):
    from workbench.cli import commands  # noqa: F401 - registers the commands
    from workbench.cli.main import app

    path = tmp_path / "plant.db"
    with closing(sqlite3.connect(path)) as database, database:
        readings(30).assign(time=lambda f: f.time.astype(str)).to_sql("r", database, index=False)
    monkeypatch.setenv("PLANT_URL", f"sqlite:///{path}")
    words = "SELECT * FROM r WHERE bearing_temp_C > :low AND time > :since"
    command = [
        "-w",
        str(ws.path),
        "ingest",
        "--sql",
        words,
        "--url",
        "env:PLANT_URL",
        "--param",
        "low=-5",
        "-m",
        "motor_a",
    ]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "SQL query on plant.db: 30 rows stored" in done.output
    with pytest.raises(InputError, match="either a file or --sql"):
        CliRunner().invoke(app, ["-w", str(ws.path), "ingest", "--sql", words], catch_exceptions=False)
    with pytest.raises(RefusedFile, match="time column"):
        CliRunner().invoke(app, [*command[:4], "SELECT 1 AS x", *command[5:7], "-m", "motor_a"], catch_exceptions=False)


def test_the_command_takes_a_url_without_a_password_and_says_so(ws, tmp_path):
    from workbench.cli import commands  # noqa: F401 - registers the commands
    from workbench.cli.main import app

    with closing(sqlite3.connect(tmp_path / "plant.db")) as database, database:
        readings(30).assign(time=lambda f: f.time.astype(str)).to_sql("r", database, index=False)
    words = ["ingest", "--sql", "SELECT * FROM r", "--url", f"sqlite:///{tmp_path / 'plant.db'}", "-m", "motor_a"]
    done = CliRunner().invoke(app, ["-w", str(ws.path), *words], catch_exceptions=False)
    assert "SQL query on plant.db: 30 rows stored" in done.output
    told = " ".join(CliRunner().invoke(app, ["ingest", "--help"]).output.split())
    assert "env:NAME of a variable that holds its URL, or a URL without a password" in told
