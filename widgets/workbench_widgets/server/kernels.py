"""Sessions of the dashboard: kernels of this Python, some warmed up, never more than the cap."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.session import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Dict, Integer
from voila.voila_kernel_manager import voila_kernel_manager_factory


class SameKernelSpecManager(KernelSpecManager):
    """Knows one specification: this Python; an installed one may belong to another."""

    environment = Dict(help="Environment variables of the kernels.")

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the specification of this Python, whatever the name."""
        return KernelSpec(
            argv=[
                sys.executable,
                "-m",
                "workbench_widgets.server.kernel",
                "-f",
                "{connection_file}",
                "--HistoryManager.enabled=False",
            ],
            display_name=kernel_name,
            language="python",
            env=dict(self.environment),
        )

    def get_all_specs(self) -> dict[str, Any]:
        """Return the one specification."""
        spec = self.get_kernel_spec("python3")
        return {"python3": {"resource_dir": "", "spec": spec.to_dict()}}


_Warmed: Any = voila_kernel_manager_factory(AsyncMappingKernelManager, preheat_kernel=True, default_pool_size=0)


class Kernels(_Warmed):  # type: ignore[misc]
    """Voila's pool of kernels with the notebook already run in them, held to ``most`` kernels in all."""

    most = Integer(8, help="Kernels that may live at once, warmed-up ones included.")
    warm = Integer(1, help="Kernels kept warmed up while there is room.")

    def __init__(self, **settings: Any) -> None:
        self._arriving = 0
        super().__init__(**settings)

    def occupied(self) -> int:
        """Return how many kernels live or are about to."""
        starting = sum(not task.done() for pool in self._pools.values() for task in pool)
        return len(self.list_kernel_ids()) + starting + self._arriving

    def admit(self) -> bool:
        """Return whether one more page can be shown; if so, it is counted until ``arrived``."""
        if not self.get_pool_size(self.notebook_path) and self.occupied() >= self.most:
            return False
        self._arriving += 1
        return True

    def arrived(self) -> None:
        """Stop counting a page that was admitted: its kernel lives now, or never will."""
        self._arriving -= 1

    def get_pool_size(self, notebook_name: str) -> int:
        """Return how many kernels are warmed up or warming, after forgetting those that died or failed."""
        pool = self._pools.get(notebook_name, [])
        pool[:] = [task for task in pool if not task.done() or self._lives(task)]
        return len(pool)

    def _lives(self, task: asyncio.Task[dict[str, Any]]) -> bool:
        if task.cancelled():
            return False
        if error := task.exception():
            self.log.error("A session could not be warmed up: %s", error)
            return False
        return task.result()["kernel_id"] in self

    async def get_rendered_notebook(self, notebook_name: str, **_request: Any) -> tuple[Any, list[str], str]:
        """Return a warmed-up page; the kernel's idle time begins now, and nothing of the request goes to the next."""
        task, rendered, kernel_id = await super().get_rendered_notebook(notebook_name)
        self._kernels[kernel_id].last_activity = utcnow()
        return task, rendered, kernel_id

    def fill_if_needed(self, delay: float | None = None, notebook_name: str | None = None, **settings: Any) -> None:
        """Warm kernels up, as far as the cap leaves room."""
        size = self.get_pool_size(notebook_name or "")
        room = max(self.most - self.occupied(), 0)
        self.kernel_pools_config = {"default": {"pool_size": min(self.warm, size + room), "kernel_env_variables": {}}}
        super().fill_if_needed(delay=delay, notebook_name=notebook_name, **settings)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that ended; its place is used to warm the next one up."""
        removed = super().remove_kernel(kernel_id)
        if not self._closing:
            self.fill_if_needed(notebook_name=self.notebook_path)
        return removed

    async def _initialize(self, *args: Any, **settings: Any) -> Any:
        """Warm a kernel up, unless all are to end."""
        if self._closing:
            raise RuntimeError("The kernels are being stopped.")
        return await super()._initialize(*args, **settings)

    async def shutdown_all(self, *args: Any, **settings: Any) -> None:
        """End all kernels and start no more."""
        self._closing = True
        # One that is still starting cannot be ended, which would be an error: it has to arrive first.
        starting = [task for kernel_id, task in self._pending_kernels.items() if kernel_id not in self]
        await asyncio.gather(*starting, return_exceptions=True)
        await super().shutdown_all(*args, **settings)

    _closing = False
