"""A notebook kernel in the very Python that runs the workbench, writing nowhere but in the folder given to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .child import command

# Linux allows 107 bytes for the path of a local socket, macOS 103.
LONGEST_SOCKET_PATH = 100


@contextmanager
def running_kernel(scratch: Path) -> Iterator[Any]:
    """Yield the manager of a kernel that was just started in ``scratch``; it is killed at the end.

    An installed kernelspec may belong to another Python, and a bare environment has none, so the specification is
    made here. The kernel's profile and connection file lie in ``scratch``, which is its working directory too.
    """
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

    class SamePython(KernelSpecManager):
        """Knows one specification: this Python."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            """Return the specification of this Python, whatever the name."""
            return KernelSpec(
                argv=command("kernel_child", "-f", "{connection_file}", "--HistoryManager.enabled=False"),
                display_name=kernel_name,
                language="python",
                env={
                    "IPYTHONDIR": str(scratch / "ipython"),
                    "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
                },
            )

    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=SamePython(),
        connection_file=str(scratch / "kernel.json"),
        transport=_transport(scratch),
    )
    run_sync(manager.start_kernel)(cwd=str(scratch))
    try:
        yield manager
    finally:
        # A kernel of a report holds nothing that is worth a farewell.
        run_sync(manager.shutdown_kernel)(now=True)


def _transport(scratch: Path) -> str:
    """Return how to talk to the kernel: by sockets in ``scratch``, which no other user can reach, where they fit."""
    sockets = sys.platform != "win32" and len(str(scratch / "kernel-ipc-5")) < LONGEST_SOCKET_PATH
    return "ipc" if sockets else "tcp"
