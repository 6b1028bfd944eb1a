"""Entry point: parses the command line, runs a command, and turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from workbench.cli.output import name_workspace, remark
from workbench.domain.base import Actor, Role
from workbench.errors import InputError, WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

FAILED, ENVIRONMENT = 1, 3
_ENVIRONMENT_ERRNOS = {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EMFILE}


class Alphabetical(TyperGroup):
    """Commands in the order in which a reader looks for them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the commands' names by the alphabet."""
        return sorted(super().list_commands(ctx))


app = typer.Typer(
    name="workbench",
    cls=Alphabetical,
    help="Predictive maintenance: from telemetry to predictions that hold, work orders and reports.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Options:
    """Options that come before the command."""

    workspace: Path = Path()
    actor: Actor | None = None
    debug: bool = False


options = Options()


def open_workspace() -> Workspace:
    """Open the workspace that the command is for."""
    from workbench.workspace import Workspace

    return Workspace.open(options.workspace, actor=options.actor)


def _actor(text: str) -> Actor | None:
    name, _, role = text.rpartition(":")
    people = [known.value for known in Role if known is not Role.SYSTEM]
    if text and (role not in people or not name.strip()):
        raise InputError(f"{text!r} names nobody with a role.", f"Write NAME:ROLE; roles: {', '.join(people)}.")
    return Actor(id=name.strip(), role=Role(role)) if text else None


@app.callback()
def common(
    ctx: typer.Context,
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", envvar="WORKBENCH_WORKSPACE", help="Folder of the workspace.")
    ] = Path(),
    actor: Annotated[
        str,
        typer.Option("--as", envvar="WORKBENCH_ACTOR", metavar="NAME:ROLE", help="Who acts; default: you, as admin."),
    ] = "",
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Keep the common options for the command."""
    options.workspace = workspace
    source = ctx.get_parameter_source("workspace")
    name_workspace(workspace if source is not None and source.name == "COMMANDLINE" else None)
    options.actor = _actor(actor)
    options.debug = debug


def _explain(error: BaseException) -> tuple[str, int]:
    """Return the message for people and the exit code."""
    if isinstance(error, WorkbenchError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        code = ENVIRONMENT if error.errno in _ENVIRONMENT_ERRNOS else FAILED
        return f"{error.strerror or error}{place}.", code
    if isinstance(error, ModuleNotFoundError):
        return f"Python package {error.name!r} is not installed. Run `workbench doctor`.", ENVIRONMENT
    if type(error).__name__ == "OperationalError" and "locked" in str(error):
        return "The records are locked by another process. Wait for it to end and try again.", ENVIRONMENT
    return f"Unexpected {type(error).__name__}: {error}. Run again with --debug for details.", FAILED


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 failed, 2 bad input, 3 environment."""
    from workbench.cli import commands  # noqa: F401  (registers the commands)

    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last door: every error becomes a message and an exit code
        if options.debug:
            traceback.print_exc()
        message, code = _explain(error)
        remark(f"error: {message}")
        sys.exit(code)
