"""Kernels that end while they are being started."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("voila")

from traitlets import Unicode
from traitlets.config import Configurable

from workbench_widgets.server.kernels import Kernels, SameKernelSpecManager


class Server(Configurable):
    """What kernels ask of the server that they belong to."""

    root_dir = Unicode()
    notebook_path = None
    base_url = server_url = "/"
    port = 0


def kernels_in(folder):
    return Kernels(
        parent=Server(root_dir=str(folder)),
        connection_dir=str(folder),
        kernel_spec_manager=SameKernelSpecManager(),
        warm=0,
    )


def test_all_kernels_end_even_one_that_is_still_starting(tmp_path):
    async def stop_while_starting():
        kernels = kernels_in(tmp_path)
        starting = asyncio.create_task(kernels.start_kernel())
        while not kernels._pending_kernels:
            await asyncio.sleep(0)
        assert kernels.list_kernel_ids() == []
        await kernels.shutdown_all(now=True)
        await asyncio.gather(starting, return_exceptions=True)
        return kernels

    kernels = asyncio.run(stop_while_starting())
    assert kernels.list_kernel_ids() == []
    assert list(tmp_path.glob("kernel-*.json")) == []


def test_a_kernel_that_was_to_be_warmed_up_is_not_started_once_all_have_ended(tmp_path):
    async def warm_after_the_end():
        kernels = kernels_in(tmp_path)
        await kernels.shutdown_all(now=True)
        with pytest.raises(RuntimeError, match="being stopped"):
            await kernels._initialize("app.ipynb")
        return kernels

    assert asyncio.run(warm_after_the_end()).list_kernel_ids() == []
