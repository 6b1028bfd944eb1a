"""The command that shows the dashboard."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer

from workbench.cli.main import app, options
from workbench.cli.output import remark, say
from workbench.errors import EnvironmentFailure


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Port; 0: any free one.")] = 8866,
    host: Annotated[str, typer.Option(help="Address to listen on; only this machine by default.")] = "127.0.0.1",
    max_kernels: Annotated[int, typer.Option(help="Pages open at once; each takes up to 250 MB.")] = 8,
    base_url: Annotated[str, typer.Option(help="Path under which it stands, behind a proxy.")] = "/",
    name: Annotated[
        list[str] | None, typer.Option(help="Further host name that visitors use, e.g. a proxy's; repeatable.")
    ] = None,
    token: Annotated[bool, typer.Option("--token", help="Ask for a token; the printed address carries it.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Show the dashboard in a browser until Ctrl-C."""
    try:
        server = importlib.import_module("workbench_widgets.server")
    except ModuleNotFoundError as error:
        raise EnvironmentFailure(
            f"The dashboard needs the Python package {error.name!r}, which is not installed.",
            "Install it: pip install 'predictive-maintenance-workbench[report,dashboard]'",
        ) from error
    chosen = server.Options(
        port=port, host=host, base_url=base_url, max_kernels=max_kernels, names=tuple(name or ()), token=token,
        browser=not no_browser,
    )  # fmt: skip

    def announce(address: str) -> None:
        if not chosen.is_local:
            remark(
                f"Warning: {host} can be reached from other machines, and "
                + ("who has the token sees everything." if token else "there is no login: add --token, or a proxy.")
            )
        say(f"The dashboard runs at {address}\nCtrl-C ends it.")
        sys.stdout.flush()

    server.serve(options.workspace, chosen, announce=announce)
