"""AdamW over all parameters of a network as one vector.

The same steps as torch's own (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019), which would import
torch's compiler, never used here, at more than a second of processor time, and takes longer over many small tensors.
"""

from __future__ import annotations

import math
from typing import Any

from workbench.tensors import torch_module

MEAN_KEPT, SQUARE_KEPT, EPSILON = 0.9, 0.999, 1e-8


class AdamW:
    """The optimiser of ``network``, whose parameters and gradients become parts of one vector each."""

    def __init__(self, network: Any, *, decay: float) -> None:
        torch = torch_module()
        parameters = list(network.parameters())
        self._decay = decay
        self._values = torch.nn.utils.parameters_to_vector(parameters).detach().clone()
        torch.nn.utils.vector_to_parameters(self._values, parameters)
        self._slopes = torch.zeros_like(self._values)
        for parameter, slope in zip(parameters, self._slopes.split([one.numel() for one in parameters]), strict=True):
            parameter.grad = slope.view_as(parameter)
        self._mean, self._square = torch.zeros_like(self._values), torch.zeros_like(self._values)
        self._steps = 0

    def step(self, loss: Any, rate: float) -> None:
        """Move the parameters down the slope of ``loss`` at this learning rate."""
        self._slopes.zero_()
        loss.backward()
        self._steps += 1
        self._mean.lerp_(self._slopes, 1.0 - MEAN_KEPT)
        self._square.mul_(SQUARE_KEPT).addcmul_(self._slopes, self._slopes, value=1.0 - SQUARE_KEPT)
        spread = self._square.sqrt().div_(math.sqrt(1.0 - SQUARE_KEPT**self._steps)).add_(EPSILON)
        self._values.mul_(1.0 - rate * self._decay)
        self._values.addcdiv_(self._mean, spread, value=-rate / (1.0 - MEAN_KEPT**self._steps))

    def state(self) -> tuple[int, Any, Any]:
        """Return the steps done, and the running means of slopes and of their squares."""
        return self._steps, self._mean, self._square

    def restore(self, steps: int, mean: Any, square: Any) -> None:
        """Go on from what ``state`` returned."""
        self._steps = steps
        self._mean.copy_(mean)
        self._square.copy_(square)
