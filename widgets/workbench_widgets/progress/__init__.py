"""How far a job is, as a small widget: ``from workbench_widgets import progress; progress.watch(ws, job_id)``."""

from .widget import JobProgressWidget, watch

__all__ = ["JobProgressWidget", "watch"]
