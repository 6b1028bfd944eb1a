"""Life of registered models (ML7, Z6): activate, roll back, cast a challenger, promote it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from workbench.domain.base import Actor
from workbench.domain.predictions import ModelVersion, Task
from workbench.errors import InputError, NotFound
from workbench.workflows.score import check_release, fits_origin

if TYPE_CHECKING:
    from workbench.workspace import Workspace

E = TypeVar("E", bound=StrEnum)


def activate_model(ws: Workspace, version_id: str, *, reason: str = "", actor: Actor | None = None) -> ModelVersion:
    """Use this version from now on, in place of the active one of its task and scope.

    Raises ``InputError`` for a version that a gate refused or that learned from simulated machines (in a workspace of real ones), ``NotFound`` for an unknown one, ``CorruptArtifact`` when
    its file is missing or was changed, and ``WorkbenchError`` when another release of the workbench made it.
    """
    version = ws.models.get(version_id)
    check_release(version)
    if not fits_origin(ws, version):
        raise InputError(
            f"Model version {version_id!r} was trained on simulated machines, and this workspace is of real ones.",
            "Train on their own record: workbench train",
        )
    ws.models.payload(version_id)
    with ws.transaction() as tx:
        tx.models.activate(version_id, tx.change(reason or "activated by hand", actor))
        return tx.models.get(version_id)


def rollback_model(
    ws: Workspace, task: Task | str, *, scope: str = "fleet", reason: str = "", actor: Actor | None = None
) -> ModelVersion:
    """Use again the version that was active before the present one of ``task`` and ``scope``, and return it.

    A second roll-back goes one further back. Raises ``InputError`` when there is none, and ``CorruptArtifact`` when
    its file is missing or was changed; the present one stays then.
    """
    chosen = known_task(task)
    present, *before = reversed(standing(ws.models.activations(chosen, scope)) or [""])
    if not before:
        raise InputError(
            f"There is no earlier version of {chosen} ({scope}) to go back to.",
            _other_scopes(ws, chosen, scope) or f"Versions: workbench models list {chosen}",
        )
    return activate_model(ws, before[0], reason=reason or f"rolled back from {present}", actor=actor)


def standing(activated: list[str]) -> list[str]:
    """Return the versions that stand below the present one: a return to an earlier one takes away what came after.

    >>> standing(["a", "b", "c", "b"])
    ['a', 'b']
    """
    standing: list[str] = []
    for version_id in activated:
        if version_id in standing:
            del standing[standing.index(version_id) + 1 :]
        else:
            standing.append(version_id)
    return standing


def shadow_model(
    ws: Workspace, version_id: str, *, end: bool = False, reason: str = "", actor: Actor | None = None
) -> ModelVersion:
    """Let a version answer in the shadow of the active one, or with ``end`` no more.

    Its answers are logged at every ``predict`` and never shown nor acted on. Raises ``InputError`` for the active
    version and ``NotFound`` for an unknown one.
    """
    with ws.transaction() as tx:
        if end:
            tx.models.end_shadow(version_id, tx.change(reason or "out of the shadow by hand", actor))
        else:
            tx.models.payload(version_id)
            tx.models.cast_shadow(version_id, tx.change(reason or "into the shadow by hand", actor))
        return tx.models.get(version_id)


def promote_model(
    ws: Workspace, task: Task | str, *, scope: str = "fleet", reason: str = "", actor: Actor | None = None
) -> ModelVersion:
    """Make the challenger of ``task`` and ``scope`` the active version, and return it; the old one stays in the registry.

    What is known of both is kept in the log as the reason, unless another is given. Raises ``NotFound`` when nothing
    answers in the shadow and ``InputError`` when a gate refused the challenger.
    """
    from workbench.workflows.compare import compare_models

    challenger = challenger_of(ws, known_task(task), scope)
    said = reason or f"promoted: {compare_models(ws, task, scope=scope).verdict}"
    return activate_model(ws, challenger.version_id, reason=said, actor=actor)


def challenger_of(ws: Workspace, task: Task, scope: str) -> ModelVersion:
    """Return the version that answers in the shadow; raises ``NotFound`` when there is none."""
    for version in ws.models.challengers():
        if (version.task, version.scope) == (task, scope):
            return version
    raise NotFound(
        f"No version of {task} ({scope}) answers in the shadow.",
        _other_scopes(ws, task, scope)
        or "Train one with `workbench train --mode shadow`, or choose one with `workbench models shadow VERSION`.",
    )


def _other_scopes(ws: Workspace, task: Task, scope: str) -> str:
    """Return what to do where ``scope`` has no version of ``task`` but others have; empty where it has one."""
    scopes = sorted({version.scope for version in ws.models.all() if version.task is task})
    if not scopes or scope in scopes:
        return ""
    return f"{task} has versions of {', '.join(scopes)}: give one of these as the scope."


def known_task(task: Task | str) -> Task:
    """Return the task of this name; raises ``InputError`` that names all."""
    return one_of(Task, task, "task")


def one_of(kind: type[E], name: E | str, noun: str) -> E:
    """Return the member of this name; raises ``InputError`` that names all, ``noun`` being what they are."""
    try:
        return kind(name)
    except ValueError as error:
        raise InputError(f"There is no {noun} {str(name)!r}.", f"Use one of: {', '.join(kind)}.") from error
