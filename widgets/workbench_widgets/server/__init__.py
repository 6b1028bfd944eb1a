"""The dashboard's server: Voila with one notebook, its own look, and nothing else that can be reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .options import DEFAULT_PORT, Options

__all__ = ["DEFAULT_PORT", "Options", "serve"]


def serve(workspace: Path, options: Options, *, announce: Callable[[str], None]) -> None:
    """Serve the dashboard of the workspace until interrupted; ``announce`` is told the address once it listens.

    Raises:
        InputError: no workspace there, or an option that cannot be.
        EnvironmentFailure: the port is taken, or the extra ``dashboard`` is not installed.
    """
    from workbench.errors import EnvironmentFailure
    from workbench.workspace import Workspace

    options.check()
    with Workspace.open(workspace) as ws:
        folder, name = ws.path.resolve(), ws.settings.name
    try:
        from .app import run
    except ModuleNotFoundError as error:
        raise EnvironmentFailure(
            f"The dashboard needs the Python package {error.name!r}, which is not installed.",
            "Install it: pip install 'predictive-maintenance-workbench[report,dashboard]'",
        ) from error
    run(folder, name, options, announce)
