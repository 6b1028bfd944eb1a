"""Virtual environments for peers whose packages would conflict with the workbench's own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import EnvironmentFailure

CACHE_VARIABLE = "XDG_CACHE_HOME"
_TRIES = ("--retries", "1", "--timeout", "20")
_SHOWN = 300


def peer_python(name: str, requirements: Sequence[str]) -> Path:
    """Return the Python of the environment ``name`` that has ``requirements`` (pinned: 'package==version'), made if need be.

    It lies in the user's cache folder and is used again by the next run. The name and the pins belong together.

    Raises:
        EnvironmentFailure: pip could not install them, e.g. because it reaches no package index.
    """
    folder = _cache() / "workbench" / "peers" / name
    python = folder / "bin" / "python"
    if python.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: made beside its place and moved there. Scripts of a moved environment name the old place, so
    # that only its Python is used.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as made:
        environment = Path(made) / name
        _run([sys.executable, "-m", "venv", str(environment)], requirements)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *_TRIES, *requirements], requirements)
        if not python.exists():
            environment.rename(folder)
    return python


def _cache() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache"


def _run(command: Sequence[str], requirements: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFailure(
            f"The peer {', '.join(requirements)} could not be installed: {done.stderr.strip()[-_SHOWN:]}",
            "The benchmark needs a package index that pip can reach; set PIP_INDEX_URL to one or connect, then try again.",
        )
