"""The process of one dashboard session: an IPython kernel that dies with the server that started it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from workbench.lineage import die_with_parent

if __name__ == "__main__":
    if parent := os.environ.get("JPY_PARENT_PID"):
        die_with_parent(int(parent))
    # The working folder is no place to import from.
    sys.path[:] = [place for place in sys.path if place not in ("", str(Path.cwd()))]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
