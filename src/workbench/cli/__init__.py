"""The command ``workbench``: one public function of the package per command, shown as text or JSON."""

from workbench.cli.main import main

__all__ = ["main"]
