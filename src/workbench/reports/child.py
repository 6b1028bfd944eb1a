"""The command that runs a module of this package as a child that ends with the process that started it."""

from __future__ import annotations

import os
import sys


def command(module: str, *words: str) -> list[str]:
    """Return the command that runs ``module`` of this package in this very Python; its first argument is our process id."""
    # -P: what lies in the folder that this was started in is data, not modules to import.
    return [sys.executable, "-P", "-m", f"{__package__}.{module}", str(os.getpid()), *words]
