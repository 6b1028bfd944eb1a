"""A notebook kernel in the very Python that runs the workbench, writing nowhere but in folders given to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# Linux allows 107 bytes for the path of a local socket, macOS 103.
LONGEST_SOCKET_PATH = 100


def kernel_manager_class(scratch: Path, cache: Path) -> type[Any]:
    """Return a kernel manager class for papermill.

    An installed kernelspec may belong to another Python, and a bare environment has none, so the specification is
    made here. The kernel's profile and connection file lie in ``scratch`` (removed afterwards) and matplotlib's
    font list, slow to make, in ``cache``.
    """
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class SameKernelSpecManager(KernelSpecManager):
        """Knows one specification: this Python."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            """Return the specification of this Python, whatever the name."""
            return KernelSpec(
                argv=[
                    sys.executable,
                    "-m",
                    "ipykernel_launcher",
                    "-f",
                    "{connection_file}",
                    "--HistoryManager.enabled=False",
                ],
                display_name=kernel_name,
                language="python",
                env={
                    "IPYTHONDIR": str(scratch / "ipython"),
                    "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
                    "MPLCONFIGDIR": str(cache),
                    "MPLBACKEND": "svg",
                },
            )

    class SamePythonKernelManager(AsyncKernelManager):
        """Starts kernels of this Python."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(
                kernel_spec_manager=SameKernelSpecManager(),
                connection_file=str(scratch / "kernel.json"),
                transport=_transport(scratch),
                **settings,
            )

    return SamePythonKernelManager


def _transport(scratch: Path) -> str:
    """Return how to talk to the kernel: by sockets in ``scratch``, which no other user can reach, where they fit."""
    sockets = sys.platform != "win32" and len(str(scratch / "kernel-ipc-5")) < LONGEST_SOCKET_PATH
    return "ipc" if sockets else "tcp"
