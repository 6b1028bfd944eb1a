"""Fixtures shared by all tests: real data sets, a finished demo, throw-away databases, and what must be present rather than skipped."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

# Where a PostgreSQL server may be; its databases stay as they are, the tests make some of their own.
POSTGRES = os.environ.get("WORKBENCH_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
REQUIRED = {word for word in os.environ.get("WORKBENCH_REQUIRE", "").split(",") if word}


# Files whose tests take longest begin first, so that parallel test processes end at about the same time.
LONGEST = (
    "tests_browser/test_dashboard.py",
    "workflows/test_simulate.py",
    "jobs/test_queue.py",
    "workflows/test_demo.py",
    "workflows/test_origin.py",
    "jobs/test_death.py",
    "tests_browser/test_server.py",
    "test_cycle_death.py",
    "test_wheel.py",
    "reports/test_run.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, the others after them as they are."""
    place = {name: number for number, name in enumerate(LONGEST)}

    def order(item: pytest.Item) -> int:
        return next((place[name] for name in LONGEST if item.path.as_posix().endswith(name)), len(place))

    items.sort(key=order)


def lacking(feature: str, reason: str) -> None:
    """Skip for ``reason``, or fail when ``WORKBENCH_REQUIRE`` names ``feature``."""
    if feature in REQUIRED:
        pytest.fail(f"{feature} is required by WORKBENCH_REQUIRE, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Folder of the real data sets."""
    folder = os.environ.get("WORKBENCH_DATASETS", "")
    if not folder or not Path(folder).is_dir():
        lacking("datasets", "WORKBENCH_DATASETS names no folder of data sets")
    return Path(folder)


def extra(name: str, *modules: str) -> None:
    """Skip, or fail when required, unless the modules of the optional extra ``name`` are installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        lacking(name, f"{', '.join(missing)} not installed (pip install 'predictive-maintenance-workbench[{name}]')")


@pytest.fixture(scope="session")
def deep() -> None:
    """The test needs torch."""
    extra("deep", "torch", "safetensors")


@pytest.fixture(scope="session")
def forecasting() -> None:
    """The test needs Prophet and statsforecast."""
    extra("forecast", "prophet", "statsforecast")


@pytest.fixture(scope="session")
def synthesis() -> None:
    """The test needs SDV and sdmetrics."""
    extra("synthesis", "sdv", "sdmetrics")


@pytest.fixture(scope="session")
def explaining() -> None:
    """The test needs shap."""
    extra("explain", "shap")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that ``make`` filled, once for all parallel test processes; nobody may change it."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            make(folder / f"making-{name}")
            # Only what is finished has this name.
            (folder / f"making-{name}").rename(folder / name)
    return folder / name


@pytest.fixture(scope="session")
def demo_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a finished demo workspace of 26 machines; copy it before changing anything."""
    from workbench.workflows.demo import run_demo

    return made_once(tmp_path_factory, "demo", run_demo)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """Connections to the PostgreSQL server, outside transactions."""
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    try:
        server.connect().close()
    except (OperationalError, ModuleNotFoundError) as error:
        lacking("postgres", f"no PostgreSQL server answers: {error}")
    yield server
    server.dispose()


@contextmanager
def throw_away_database(server: Engine) -> Iterator[str]:
    """Make a database with a name of its own, yield its URL, and drop it."""
    name = f"workbench_test_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        # Tests need no record to survive a power failure.
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Engine) -> Iterator[str]:
    """URL of an empty PostgreSQL database that all tests of a worker share."""
    with throw_away_database(postgres_server) as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres_server: Engine) -> Iterator[str]:
    """URL of an empty PostgreSQL database of this test's own."""
    with throw_away_database(postgres_server) as url:
        yield url
