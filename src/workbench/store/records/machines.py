"""Machines with their versioned profiles and their status."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from workbench.domain.base import Change
from workbench.domain.equipment import MachineProfile, MachineStatus
from workbench.errors import InputError
from workbench.store.tables import machines, profiles

from .base import Repository, log_change, not_found


class Machines(Repository):
    """The fleet: each machine's newest profile, all older ones, and where it stands."""

    def add(self, profile: MachineProfile, change: Change, status: MachineStatus = MachineStatus.ONLINE) -> None:
        """Record a new machine; the identical profile again changes nothing.

        Raises:
            InputError: the machine is there with another profile.
        """
        with self._database.writing() as session:
            known = session.scalar(select(machines.c.version).where(machines.c.machine_id == profile.machine_id))
            if known is not None:
                if self._profile(session, profile.machine_id) != profile:
                    raise InputError(
                        f"Machine {profile.machine_id!r} is recorded with another profile (version {known}).",
                        "Update it instead: that keeps the older version.",
                    )
                return
            body = profile.model_dump_json()
            session.execute(
                insert(machines).values(
                    machine_id=profile.machine_id,
                    machine_type=profile.machine_type,
                    site_id=profile.site_id,
                    status=status.value,
                    version=1,
                    changed_at=change.at,
                )
            )
            self._write_version(session, profile, 1, change)
            log_change(session, change, "machine", profile.machine_id, "added", before=None, after=body)

    def update(self, profile: MachineProfile, change: Change) -> int:
        """Record a new version of the profile and return its number; the identical profile keeps the number."""
        with self._database.writing() as session:
            version = self._version(session, profile.machine_id, lock=True)
            before = self._profile(session, profile.machine_id)
            if before == profile:
                return version
            version += 1
            self._write_version(session, profile, version, change)
            session.execute(
                update(machines)
                .where(machines.c.machine_id == profile.machine_id)
                .values(
                    machine_type=profile.machine_type,
                    site_id=profile.site_id,
                    version=version,
                    changed_at=change.at,
                )
            )
            log_change(
                session,
                change,
                "machine",
                profile.machine_id,
                "changed",
                before=before.model_dump_json(),
                after=profile.model_dump_json(),
            )
            return version

    def get(self, machine_id: str) -> MachineProfile:
        """Return the newest profile; ``NotFound`` names close matches."""
        with self._database.reading() as session:
            return self._profile(session, machine_id)

    def all(self) -> list[MachineProfile]:
        """Return the newest profile of every machine, ordered by id."""
        newest = (profiles.c.machine_id == machines.c.machine_id) & (profiles.c.version == machines.c.version)
        query = select(profiles.c.body).join(machines, newest).order_by(machines.c.machine_id)
        with self._database.reading() as session:
            return [MachineProfile.model_validate_json(body) for body in session.scalars(query)]

    def ids(self) -> list[str]:
        """Return all machine ids in order."""
        with self._database.reading() as session:
            return self._ids(session)

    def types(self) -> dict[str, str]:
        """Return the machine type of every machine."""
        query = select(machines.c.machine_id, machines.c.machine_type).order_by(machines.c.machine_id)
        with self._database.reading() as session:
            return {row.machine_id: row.machine_type for row in session.execute(query)}

    def status(self, machine_id: str) -> MachineStatus:
        """Return where the machine stands; ``NotFound`` names close matches."""
        with self._database.reading() as session:
            return self._status(session, machine_id)

    def lock(self, machine_id: str) -> None:
        """Let nobody else change a machine until this transaction ends; raises ``NotFound``."""
        with self._database.writing() as session:
            self._version(session, machine_id, lock=True)

    def statuses(self) -> dict[str, MachineStatus]:
        """Return where every machine stands."""
        query = select(machines.c.machine_id, machines.c.status).order_by(machines.c.machine_id)
        with self._database.reading() as session:
            return {machine_id: MachineStatus(status) for machine_id, status in session.execute(query)}

    def set_status(self, machine_id: str, status: MachineStatus, change: Change) -> None:
        """Record where the machine stands from now on; the same status again changes nothing."""
        with self._database.writing() as session:
            before = self._status(session, machine_id)
            if before == status:
                return
            session.execute(
                update(machines)
                .where(machines.c.machine_id == machine_id)
                .values(status=status.value, changed_at=change.at)
            )
            log_change(
                session,
                change,
                "machine",
                machine_id,
                "status",
                before=json.dumps({"status": before.value}),
                after=json.dumps({"status": status.value}),
            )

    def versions(self, machine_id: str) -> list[tuple[int, datetime, MachineProfile]]:
        """Return every version of the profile with its number and time, oldest first."""
        query = (
            select(profiles.c.version, profiles.c.changed_at, profiles.c.body)
            .where(profiles.c.machine_id == machine_id)
            .order_by(profiles.c.version)
        )
        with self._database.reading() as session:
            rows = session.execute(query).all()
            if not rows:
                raise not_found("machine", machine_id, self._ids(session))
            return [(version, at, MachineProfile.model_validate_json(body)) for version, at, body in rows]

    def _ids(self, session: Session) -> list[str]:
        return list(session.scalars(select(machines.c.machine_id).order_by(machines.c.machine_id)))

    def _version(self, session: Session, machine_id: str, *, lock: bool = False) -> int:
        query = select(machines.c.version).where(machines.c.machine_id == machine_id)
        version = session.scalar(query.with_for_update() if lock else query)
        if version is None:
            raise not_found("machine", machine_id, self._ids(session))
        return int(version)

    def _status(self, session: Session, machine_id: str) -> MachineStatus:
        status = session.scalar(select(machines.c.status).where(machines.c.machine_id == machine_id))
        if status is None:
            raise not_found("machine", machine_id, self._ids(session))
        return MachineStatus(status)

    def _profile(self, session: Session, machine_id: str) -> MachineProfile:
        version = self._version(session, machine_id)
        body = session.scalar(
            select(profiles.c.body).where(profiles.c.machine_id == machine_id, profiles.c.version == version)
        )
        return MachineProfile.model_validate_json(str(body))

    def _write_version(self, session: Session, profile: MachineProfile, version: int, change: Change) -> None:
        session.execute(
            insert(profiles).values(
                machine_id=profile.machine_id, version=version, changed_at=change.at, body=profile.model_dump_json()
            )
        )
