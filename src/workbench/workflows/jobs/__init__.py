"""Background jobs: submitted from anywhere, run by workers, watched, cancelled and tried again."""

from .control import cancel_job, retry_job, submit, watch_job, worker_lives
from .worker import run_worker

__all__ = ["cancel_job", "retry_job", "run_worker", "submit", "watch_job", "worker_lives"]
