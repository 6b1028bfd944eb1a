"""A workspace: one folder with data, models and outputs, and typed access to all that is kept in it."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from workbench.config import SETTINGS_FILE, Settings, load_settings
from workbench.domain.base import Actor, Change, Role
from workbench.domain.observations import MachineData
from workbench.errors import EnvironmentFailure, InputError, NotFound
from workbench.store.artifacts import Artifacts
from workbench.store.database import Database, sqlite_url
from workbench.store.files import make_folder
from workbench.store.records import (
    Absences,
    Approvals,
    Cases,
    CloseOuts,
    DispatchHistory,
    DispatchReports,
    DriftReports,
    Evaluations,
    EventLog,
    Events,
    Explanations,
    Forecasts,
    History,
    Jobs,
    Machines,
    ModelExplanations,
    Models,
    Notices,
    Orders,
    Packages,
    Parts,
    PlannedStops,
    Predictions,
    Purchases,
    Quotes,
    Reports,
    Runs,
    Schedules,
    Segments,
    ShadowPredictions,
    Sites,
    Suppliers,
    Synthesizers,
    SyntheticSets,
    Technicians,
    TwinCalibrations,
    ValueEntries,
    WorkPermits,
    WorkPlans,
)
from workbench.store.settings_file import change_setting, check_settings, write_settings
from workbench.store.text_index import TextIndex

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from workbench.telemetry import Archive

DATABASE_FILE = "workbench.db"
TEXT_INDEX_FILE = "text_index.db"
FOLDERS = ("data", "models", "outputs")


def _database(path: Path, url: str) -> Database:
    return Database.open(url or sqlite_url(path / "data" / DATABASE_FILE))


def _migrate_all(database: Database) -> None:
    from dbos import DBOS, SQLAlchemyDatasource

    from workbench.store import schema

    schema.migrate(database)
    DBOS.migrate(database.url)
    SQLAlchemyDatasource.migrate(database.url)


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _named_once(events: pd.DataFrame) -> pd.DataFrame:
    """Leave out an event of unknown cause that is recorded at the same time with its cause."""
    named = events.loc[events["cause"] != "unknown", ["time", "kind"]].drop_duplicates()
    doubled = events.merge(named, on=["time", "kind"], how="left", indicator="recorded")["recorded"] == "both"
    return events[~(doubled.to_numpy() & (events["cause"] == "unknown").to_numpy())].reset_index(drop=True)


class Workspace:
    """Resources of one workspace; make it with ``Workspace.init`` or ``Workspace.open``.

    Attributes that hold records (``machines``, ``orders``, ...) are made when first used.
    """

    def __init__(self, path: Path, settings: Settings, database: Database, actor: Actor | None = None) -> None:
        self.path = path
        self.settings = settings
        self.database = database
        self.actor = actor or Actor(id=_person(), role=Role.ADMIN)

    def __repr__(self) -> str:
        return f"<workspace {self.settings.name!r} in {self.path}>"

    @classmethod
    def init(
        cls, path: Path | str, *, settings: Mapping[str, Any] | None = None, actor: Actor | None = None
    ) -> Workspace:
        """Make a new, empty workspace at ``path`` and return it.

        Raises:
            InputError: there is a workspace already, or a setting is not allowed.
            EnvironmentFailure: the folder or the database cannot be written.
        """
        root = Path(path).absolute()
        if (root / SETTINGS_FILE).exists():
            raise InputError(f"{root} is a workspace already.", "Use it as it is, or choose another folder.")
        if root.exists() and not root.is_dir():
            raise InputError(f"{root} is a file.", "Choose a folder.")
        chosen = dict(settings or {})
        check_settings(chosen)
        for folder in FOLDERS:
            make_folder(root / folder)
        # As when it is opened later: the environment wins over the file that is written below.
        database = _database(root, Settings().database_url or Settings(**chosen).database_url)
        _migrate_all(database)
        # Written last: a folder without this file is no workspace yet, and init may be run again.
        write_settings(root, chosen)
        return cls(root, load_settings(root), database, actor)

    @classmethod
    def open(cls, path: Path | str, *, actor: Actor | None = None) -> Workspace:
        """Open the workspace at ``path`` after a probe of at most about 2 s, also while another process writes.

        Raises:
            NotFound: there is no workspace at ``path``.
            EnvironmentFailure: the records are read-only, missing or unreachable.
            SchemaOutdated: they were written by an older version.
            InvalidDocument: ``workbench.toml`` has faults.
        """
        workspace = cls._unchecked(path, actor)
        try:
            workspace.database.probe_for_reading()
        except EnvironmentFailure:
            workspace.close()
            raise
        return workspace

    @classmethod
    def upgrade(cls, path: Path | str, *, workflow_version: str) -> str:
        """Back the records up, bring them to this version's schema, and say in words what was done.

        Raises:
            NotFound: there is no workspace at ``path``.
            EnvironmentFailure: durable work of another workflow version is not finished, the records cannot be
                used, or the backup cannot be made; nothing was changed.
        """
        from workbench.errors import SchemaOutdated
        from workbench.store import schema

        workspace = cls._unchecked(path, None)
        database = workspace.database
        try:
            outdated = False
            try:
                database.probe()
            except SchemaOutdated:
                outdated = True
            unfinished = database.unfinished_work(but_version=workflow_version)
            if unfinished:
                raise EnvironmentFailure(
                    f"In {database.place}, durable work of an older version of the workbench is not finished: {unfinished} "
                    f"workflow{'s' if unfinished > 1 else ''} that this version cannot go on with.",
                    "With the older version, let `workbench worker` or `workbench run` finish them, or cancel them "
                    "(`workbench jobs list`, `workbench jobs cancel`); then upgrade. Nothing was changed.",
                )
            backup = schema.back_up(database, workspace.path / "data" / "backups", datetime.now(UTC))
            # Also when our tables are up to date: those of the workflow engine may not be.
            _migrate_all(database)
            done = f"was migrated to schema {schema.head()}" if outdated else f"has schema {schema.head()} already"
            return f"{database.place} {done}. Backup: {backup}"
        finally:
            workspace.close()

    @classmethod
    def _unchecked(cls, path: Path | str, actor: Actor | None) -> Workspace:
        root = Path(path).absolute()
        if not (root / SETTINGS_FILE).is_file():
            raise NotFound(f"{root} is not a workspace.", f"Make one with: workbench init {path}")
        settings = load_settings(root)
        return cls(root, settings, _database(root, settings.database_url), actor)

    @cached_property
    def machines(self) -> Machines:
        """Machines, their versioned profiles and status."""
        return Machines(self.database)

    @cached_property
    def sites(self) -> Sites:
        """Plants."""
        return Sites(self.database)

    @cached_property
    def technicians(self) -> Technicians:
        """People who can be sent."""
        return Technicians(self.database)

    @cached_property
    def parts(self) -> Parts:
        """Spare parts, stock and reservations."""
        return Parts(self.database)

    @cached_property
    def suppliers(self) -> Suppliers:
        """Who sells parts."""
        return Suppliers(self.database)

    @cached_property
    def quotes(self) -> Quotes:
        """What suppliers asked for parts."""
        return Quotes(self.database)

    @cached_property
    def purchases(self) -> Purchases:
        """Purchase orders."""
        return Purchases(self.database)

    @cached_property
    def approvals(self) -> Approvals:
        """What waits for a yes or no, and the answers."""
        return Approvals(self.database)

    @cached_property
    def planned_stops(self) -> PlannedStops:
        """When sites and machines stand by plan."""
        return PlannedStops(self.database)

    @cached_property
    def absences(self) -> Absences:
        """When technicians, or all of a site, do not work."""
        return Absences(self.database)

    @cached_property
    def work_permits(self) -> WorkPermits:
        """Leave to do dangerous work, by order."""
        return WorkPermits(self.database)

    @cached_property
    def plans(self) -> WorkPlans:
        """Plans of work, of which one is published."""
        return WorkPlans(self.database)

    @cached_property
    def telemetry(self) -> Archive:
        """The telemetry archive in ``data/``."""
        from workbench.telemetry import Archive

        return Archive(self.path / "data", self.database)

    @cached_property
    def segments(self) -> Segments:
        """Which telemetry files exist and which batches brought them."""
        return Segments(self.database)

    @cached_property
    def events(self) -> Events:
        """Asset events."""
        return Events(self.database)

    @cached_property
    def predictions(self) -> Predictions:
        """Every prediction made."""
        return Predictions(self.database)

    @cached_property
    def models(self) -> Models:
        """The model registry with its files in ``models/``."""
        return Models(self.database, Artifacts(self.path / "models"))

    @cached_property
    def explanations(self) -> Explanations:
        """Why predictions say what they say."""
        return Explanations(self.database)

    @cached_property
    def model_explanations(self) -> ModelExplanations:
        """What models rest on over the fleet."""
        return ModelExplanations(self.database)

    @cached_property
    def evaluations(self) -> Evaluations:
        """How good each model version is on units that it never saw."""
        return Evaluations(self.database)

    @cached_property
    def shadow_predictions(self) -> ShadowPredictions:
        """What challengers would have said."""
        return ShadowPredictions(self.database)

    @cached_property
    def drift_reports(self) -> DriftReports:
        """How far the models' inputs have moved from training."""
        return DriftReports(self.database)

    @cached_property
    def packages(self) -> Packages:
        """What predictions mean in money and action."""
        return Packages(self.database)

    @cached_property
    def forecasts(self) -> Forecasts:
        """Forecasts made."""
        return Forecasts(self.database)

    @cached_property
    def synthesizers(self) -> Synthesizers:
        """What makes synthetic data, with its files in ``models/``."""
        return Synthesizers(self.database, Artifacts(self.path / "models"))

    @cached_property
    def synthetic_sets(self) -> SyntheticSets:
        """Synthetic data, apart from telemetry: nothing learns from it or is judged by it unasked."""
        return SyntheticSets(self.database)

    @cached_property
    def twin_calibrations(self) -> TwinCalibrations:
        """Calibrations of digital twins."""
        return TwinCalibrations(self.database)

    @cached_property
    def cases(self) -> Cases:
        """Matters to look into."""
        return Cases(self.database)

    @cached_property
    def orders(self) -> Orders:
        """Work orders."""
        return Orders(self.database)

    @cached_property
    def close_outs(self) -> CloseOuts:
        """What was found and done when orders were closed."""
        return CloseOuts(self.database)

    @cached_property
    def history(self) -> History:
        """Work of the past, with its full-text index in ``data/``."""
        return History(self.database, TextIndex(self.path / "data" / TEXT_INDEX_FILE), self.settings.currency)

    @cached_property
    def value_entries(self) -> ValueEntries:
        """What predictions were worth."""
        return ValueEntries(self.database)

    @cached_property
    def dispatch_reports(self) -> DispatchReports:
        """What technicians read."""
        return DispatchReports(self.database)

    @cached_property
    def dispatch_history(self) -> DispatchHistory:
        """What happened to orders."""
        return DispatchHistory(self.database)

    @cached_property
    def notices(self) -> Notices:
        """Messages to people."""
        return Notices(self.database)

    @cached_property
    def runs(self) -> Runs:
        """Runs of the maintenance cycle."""
        return Runs(self.database)

    @cached_property
    def reports(self) -> Reports:
        """Reports that were made."""
        return Reports(self.database)

    @cached_property
    def jobs(self) -> Jobs:
        """Background work and how far it is."""
        return Jobs(self.database)

    @cached_property
    def schedules(self) -> Schedules:
        """When jobs are submitted again and again."""
        return Schedules(self.database)

    @cached_property
    def log(self) -> EventLog:
        """Who changed what, when and why."""
        return EventLog(self.database)

    def as_of(self) -> datetime:
        """Return the instant up to which the workspace looks: the fixed one, or now when it is live."""
        return datetime.now(UTC) if self.settings.as_of == "live" else self.settings.as_of

    def set_as_of(self, value: datetime | str) -> None:
        """Fix ``as_of`` (an aware time, or ``live``) in ``workbench.toml`` and here.

        Raises:
            InvalidDocument: a naive time, or a text that is neither ``live`` nor an ISO 8601 time.
            InputError: the environment fixes it to something else.
        """
        change_setting(self.path, "as_of", value)
        self.settings = load_settings(self.path)
        wanted = Settings(as_of=value).as_of
        if self.settings.as_of != wanted:
            raise InputError(
                f"as_of is written to {self.path / SETTINGS_FILE}, but WORKBENCH_AS_OF in the environment wins over it.",
                "Unset WORKBENCH_AS_OF.",
            )

    def change(self, reason: str, actor: Actor | None = None) -> Change:
        """Return who writes now and why; every write takes one."""
        return Change(actor=actor or self.actor, reason=reason, at=datetime.now(UTC))

    @contextmanager
    def transaction(self) -> Iterator[Workspace]:
        """Yield this workspace with all its writes in one transaction: all are kept, or none.

        Use only the yielded workspace inside: this one would wait for the transaction to end.
        """
        with self.database.writing() as session:
            yield self.bound(session)

    def bound(self, session: Session) -> Workspace:
        """Return this workspace with every read and write run in ``session``, which its owner commits."""
        return Workspace(self.path, self.settings, self.database.bound(session), self.actor)

    def machine_data(self, machine_id: str, as_of: datetime | None = None) -> MachineData:
        """Return a machine's profile, telemetry and events, none later than ``as_of`` (default: the workspace's).

        Raises:
            NotFound: there is no such machine; close matches are named.
        """
        until = as_of or self.as_of()
        profile = self.machines.get(machine_id)
        telemetry = self.telemetry.read(machine_id, end=until)
        events = _named_once(self.events.frame(machine_id, until)[["time", "kind", "cause"]])
        return MachineData(profile=profile, telemetry=telemetry, events=events)

    def fleet_data(self, as_of: datetime | None = None) -> list[MachineData]:
        """Return the data of every machine, ordered by id, none later than ``as_of``."""
        until = as_of or self.as_of()
        return [self.machine_data(machine_id, until) for machine_id in self.machines.ids()]

    def data_hash(self, machine_id: str | None = None, as_of: datetime | None = None) -> str:
        """Return a sha256 of the telemetry of one machine, or of all, and of the events until ``as_of``."""
        parts = (self.telemetry.digest(machine_id), self.events.digest(machine_id, as_of or self.as_of()))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def __enter__(self) -> Self:
        """Use the workspace in a ``with`` block, which closes it at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all database connections back."""
        if "telemetry" in vars(self):
            self.telemetry.close()
        self.database.close()


def open_workspace(path: Path | str = ".") -> Workspace:
    """Open the workspace at ``path``, as ``Workspace.open`` does; this is ``workbench.open``."""
    return Workspace.open(path)
