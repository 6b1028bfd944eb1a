"""The variational autoencoder over windows: its layers and its loss.

Two latents: h, the same in all windows of a unit, and z of each window. Every window of a unit says what it knows of h, and
the product of these experts and the prior is q(h | unit) (Wu and Goodman, "Multimodal generative models", NeurIPS 2018);
z has q(z | window, condition) and a learned prior p(z | condition) (Sohn, Lee and Yan, NeurIPS 2015), as what wanders
depends on the life left. The decoder gives a mean per row and column, a spread per column, and a context in which each
row's numbers say the value of its categorical columns. Source of the bound: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.tensors import torch_module

HIDDEN = 128
PRIOR_HIDDEN, VALUE_HIDDEN = 32, 32
CONTEXT = 8
UNIT_LATENTS, WINDOW_LATENTS = 8, 8
LEAST_LOG_SPREAD, MOST_LOG_SPREAD = -4.0, 1.5


@dataclass(frozen=True)
class Shape:
    """Sizes of the network: rows of a window, numeric columns, values of each categorical column, condition columns."""

    width: int
    numeric: int
    values: tuple[int, ...]
    condition: int
    unit_latents: int = UNIT_LATENTS
    window_latents: int = WINDOW_LATENTS
    hidden: int = HIDDEN

    @property
    def channels(self) -> int:
        """Columns of the network's input: numeric ones and one per categorical value."""
        return self.numeric + sum(self.values)


def device() -> str:
    """Return where networks are trained: ``cuda`` where there is a GPU that torch can use, else ``cpu``."""
    return "cuda" if torch_module().cuda.is_available() else "cpu"


def build(shape: Shape) -> Any:
    """Return a network of this shape, initialised from torch's seed."""
    torch = torch_module()
    nn = torch.nn
    many, few = shape.unit_latents, shape.window_latents

    class WindowVae(nn.Module):  # type: ignore[misc, name-defined]
        """Windows (units, windows of each, width, channels) and conditions (units, windows of each, condition)."""

        def __init__(self) -> None:
            super().__init__()
            flat, values = shape.width * shape.channels, sum(shape.values)
            self.encoder = nn.Sequential(
                nn.Linear(flat + shape.condition, shape.hidden),
                nn.ELU(),
                nn.Linear(shape.hidden, shape.hidden),
                nn.ELU(),
                nn.Linear(shape.hidden, 2 * (many + few)),
            )
            self.prior = nn.Sequential(
                nn.Linear(shape.condition, PRIOR_HIDDEN), nn.ELU(), nn.Linear(PRIOR_HIDDEN, 2 * few)
            )
            self.decoder = nn.Sequential(
                nn.Linear(many + few + shape.condition, shape.hidden),
                nn.ELU(),
                nn.Linear(shape.hidden, shape.hidden),
                nn.ELU(),
            )
            self.mean = nn.Linear(shape.hidden, shape.width * shape.numeric)
            self.spread = nn.Linear(shape.hidden, shape.numeric)
            self.context = nn.Linear(shape.hidden, CONTEXT)
            if values:
                self.values = nn.Sequential(
                    nn.Linear(shape.numeric + CONTEXT, VALUE_HIDDEN), nn.ELU(), nn.Linear(VALUE_HIDDEN, values)
                )

        def encode(self, windows: Any, condition: Any) -> tuple[Any, Any, Any, Any]:
            """Return what each window says of h (mean, log precision), and mean and log variance of its z."""
            answer = self.encoder(torch.cat([windows.flatten(-2), condition], dim=-1))
            said, precision, mean, variance = answer.split([many, many, few, few], dim=-1)
            return said, precision.clamp(-8.0, 6.0), mean, variance.clamp(-8.0, 3.0)

        def wander(self, condition: Any) -> tuple[Any, Any]:
            """Return mean and log variance of p(z | condition)."""
            mean, variance = self.prior(condition).split([few, few], dim=-1)
            return mean, variance.clamp(-8.0, 3.0)

        def decode(self, h: Any, z: Any, condition: Any) -> tuple[Any, Any, Any]:
            """Return means (..., width, numeric), log spreads (..., numeric) and contexts (..., ``CONTEXT``)."""
            hidden = self.decoder(torch.cat([h, z, condition], dim=-1))
            means = self.mean(hidden).unflatten(-1, (shape.width, shape.numeric))
            return means, self.spread(hidden).clamp(LEAST_LOG_SPREAD, MOST_LOG_SPREAD), self.context(hidden)

        def logits(self, numbers: Any, context: Any) -> Any:
            """Return one logit per value of every categorical column, of rows (..., numeric) in contexts alike."""
            return self.values(torch.cat([numbers, context], dim=-1))

        def loss(self, windows: Any, condition: Any, unit_noise: Any, window_noise: Any, share: float) -> Any:
            """Return the negative evidence lower bound per row and channel, latents drawn with the noises given.

            ``unit_noise`` (units, unit latents), ``window_noise`` (units, windows, window latents); ``share`` of z that the
            decoder sees, from 0 to 1.
            """
            said, precision, mean, variance = self.encode(windows, condition)
            h_mean, h_variance = pooled(said, precision)
            h = (h_mean + unit_noise * h_variance.sqrt())[:, None].expand(-1, windows.shape[1], -1)
            made, spread, context = self.decode(h, share * (mean + window_noise * (0.5 * variance).exp()), condition)
            cost = self.misfit(windows, made, spread, context)
            prior_mean, prior_variance = self.wander(condition)
            moved = (variance - prior_variance).exp() + (mean - prior_mean) ** 2 * (-prior_variance).exp()
            cost = cost + 0.5 * share * (moved - 1.0 - variance + prior_variance).sum(-1)
            unit_cost = 0.5 * (h_mean**2 + h_variance - 1.0 - h_variance.log()).sum(-1)
            return (cost.mean() + unit_cost.mean() / windows.shape[1]) / (shape.width * max(shape.channels, 1))

        def misfit(self, windows: Any, made: Any, spread: Any, context: Any) -> Any:
            """Return minus the log likelihood of each window, but for a constant."""
            numbers, given = windows[..., : shape.numeric], windows[..., shape.numeric :]
            error = (numbers - made) * (-spread).exp().unsqueeze(-2)
            cost = 0.5 * (error**2).sum((-1, -2)) + shape.width * spread.sum(-1)
            if shape.values:
                logits = self.logits(numbers, context.unsqueeze(-2).expand(*numbers.shape[:-1], CONTEXT))
                parts = zip(logits.split(shape.values, -1), given.split(shape.values, -1), strict=True)
                cost = cost - sum((one.log_softmax(-1) * true).sum((-1, -2)) for one, true in parts)
            return cost

    return WindowVae()


def pooled(said: Any, precision: Any) -> tuple[Any, Any]:
    """Return mean and variance of h, both (units, latents): product of what windows say (second axis) and N(0, 1)."""
    weight = precision.exp()
    whole = 1.0 + weight.sum(-2)
    return (weight * said).sum(-2) / whole, 1.0 / whole
