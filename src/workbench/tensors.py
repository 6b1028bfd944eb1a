"""Torch networks in artefacts: weights as safetensors bytes inside a model's state, loaded into a network of known shape.

A fitted network is kept as ``weights_ = weights_of(network)``, plain bytes that ``serialize.pack`` stores beside the
parameters (JSON); what rebuilds the network comes from those parameters, never from the bytes. The network itself is held
under a name without a trailing underscore, so that no artefact sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from workbench.errors import CorruptArtifact, EnvironmentFailure

INSTALL = "pip install 'predictive-maintenance-workbench[deep]'"


def torch_module() -> ModuleType:
    """Return torch; raises ``EnvironmentFailure`` where the extra ``deep`` is not installed."""
    try:
        import safetensors.torch  # noqa: F401 - both make up the extra
        import torch
    except ImportError as error:
        raise EnvironmentFailure("Neural networks need PyTorch and safetensors.", f"Run: {INSTALL}") from error
    return torch


@contextmanager
def seeded(seed: int) -> Iterator[ModuleType]:
    """Yield torch, seeded and on one thread, and give both back as they were: same seed, same network on any machine."""
    torch = torch_module()
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield torch
        finally:
            torch.set_num_threads(threads)


def weights_of(network: Any) -> bytes:
    """Return the weights of a ``torch.nn.Module`` as safetensors bytes."""
    torch_module()
    from safetensors.torch import save

    return save({name: tensor.detach().contiguous() for name, tensor in network.state_dict().items()})


def load_weights(network: Any, weights: bytes) -> Any:
    """Load ``weights_of`` into a network of the same shape; returns it ready to answer (``eval``).

    Raises ``CorruptArtifact`` for bytes that are no safetensors, or tensors of another shape or name.
    """
    torch_module()
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        network.load_state_dict(load(weights), strict=True)
    except (SafetensorError, RuntimeError, TypeError) as error:
        raise CorruptArtifact(f"The network's weights cannot be read: {error}", "Train the model again.") from error
    return network.eval()
