"""Pages of the workbench for Voila and JupyterLab: ``from workbench_widgets import pages; pages.fleet(ws)``."""

from . import pages

__all__ = ["pages"]
