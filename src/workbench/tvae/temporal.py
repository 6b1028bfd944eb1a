"""The temporal TVAE: whole run-to-failure sequences from a variational autoencoder over windows.

A life is drawn with its length, end and fixed conditions; a latent path runs along it, from what stays the same in a unit
and what wanders; the decoder turns each window's latents and remaining life into a course of every column, neighbouring
windows are blended, and noise with each column's own distribution and correlations is added.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.progress import Progress
from workbench.domain.synthesis import EpochLoss, SequenceColumns, SynthesisCondition, SynthesisSettings
from workbench.tensors import load_weights, torch_module, weights_of

from .categories import Categories
from .demand import cut_to, demanded
from .latents import Latents, fit_latents
from .lives import Drawn, Lives
from .network import Shape, build, pooled
from .noise import Noise, fit_noise
from .packing import pack, unpack
from .scales import Scales, fit_scales
from .table import Layout, Sequences
from .training import Material, Run, Training
from .windows import blend, cut, life_basis, window_counts, window_ends, window_width

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

KIND = "temporal"
CALIBRATION_ROWS = 40_000


@dataclass(frozen=True)
class TemporalSynthesizer:
    """A fitted temporal TVAE; see ``contract.Synthesizer`` for what it does and ``fit_temporal`` for how it is made."""

    columns: SequenceColumns
    settings: SynthesisSettings
    losses: tuple[EpochLoss, ...]
    layout: Layout
    categories: Categories
    scales: Scales
    lives: Lives
    noise: Noise
    latents: Latents
    shape: Shape
    network: Any

    def sample(
        self,
        *,
        rows: int | None = None,
        units: int | None = None,
        seed: int,
        condition: SynthesisCondition | None = None,
    ) -> pd.DataFrame:
        """Return synthetic sequences; see ``contract.Synthesizer.sample``."""
        rng = np.random.default_rng(seed)
        asked = condition or SynthesisCondition()
        groups = self.categories.groups_with(asked.conditions, self.columns, self.layout)
        drawn, drop = demanded(self.lives, rows=rows, units=units, within=asked.remaining_life, groups=groups, rng=rng)
        made = self._make(drawn, rng)
        return self.layout.write(cut_to(made, drop))

    def _make(self, drawn: Drawn, rng: np.random.Generator) -> Sequences:
        scaled, codes = self.scaled(drawn, rng)
        behind = np.concatenate([np.arange(n)[::-1] for n in drawn.length])
        unit = np.repeat(np.arange(len(drawn.length)), drawn.length)
        place = drawn.length[unit] - 1 - behind
        return Sequences(
            lengths=drawn.length,
            order=drawn.start[unit] + drawn.order_step[unit] * place,
            life=None if self.columns.remaining_life is None else drawn.end[unit] + drawn.step[unit] * behind,
            numbers=self.scales.backward(scaled, self.categories.regimes(codes)),
            codes=codes,
        )

    def scaled(self, drawn: Drawn, rng: np.random.Generator) -> tuple[Floats, Integers]:
        """Return scaled continuous columns and categorical codes, both (rows, columns), of the lives drawn."""
        unit, after = window_ends(drawn.length, self.shape.width)
        tell = teller(self.lives, self.categories, self.shape.width, life_known=self.columns.remaining_life is not None)
        condition = tell(drawn, unit, drawn.length[unit] - after - self.shape.width)
        counts = window_counts(drawn.length, self.shape.width)
        h = self.latents.draw_units(drawn.whole, rng)[unit]
        decoded = decode(self.network, h, self.latents.draw_windows(counts, rng), condition)
        mean, spread, context = decoded.blended(drawn.length, self.shape.width)
        scaled = mean + spread * self.noise.draw(drawn.length, rng)
        said = logits(self.network, scaled, context) if self.shape.values else np.empty((len(scaled), 0))
        fixed = np.repeat(self.categories.fixed[drawn.origin], drawn.length, axis=0)
        return scaled, self.categories.draw(said, fixed, rng)

    def to_bytes(self) -> bytes:
        """Return it as bytes: JSON and safetensors."""
        facts = {
            "kind": KIND,
            "columns": self.columns.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "losses": [one.model_dump() for one in self.losses],
            "layout": self.layout.facts(),
            "scales": self.scales.facts(),
            "categories": self.categories.facts(),
            "shape": vars(self.shape),
        }
        parts = (self.scales, self.lives, self.noise, self.latents, self.categories)
        arrays = {name: array for part in parts for name, array in part.arrays().items()}
        return pack(facts, arrays | {"weights": np.frombuffer(weights_of(self.network), dtype=np.uint8)})


def load_temporal(data: bytes) -> TemporalSynthesizer:
    """Return the synthesizer whose ``to_bytes`` these are; raises ``CorruptArtifact`` for others."""
    facts, arrays = unpack(data)
    columns = SequenceColumns(**facts["columns"])
    sizes = facts["shape"]
    shape = Shape(**{**sizes, "values": tuple(sizes["values"])})
    return TemporalSynthesizer(
        columns=columns,
        settings=SynthesisSettings(**facts["settings"]),
        losses=tuple(EpochLoss(**one) for one in facts["losses"]),
        layout=Layout.from_facts(columns, facts["layout"]),
        categories=Categories.restore(facts["categories"], arrays),
        scales=Scales.restore(facts["scales"], arrays),
        lives=Lives.restore(arrays),
        noise=Noise.restore(arrays),
        latents=Latents.restore(arrays),
        shape=shape,
        network=load_weights(build(shape), arrays["weights"].tobytes()),
    )


def fit_temporal(
    frame: pd.DataFrame,
    columns: SequenceColumns,
    settings: SynthesisSettings,
    *,
    progress: Progress,
    should_stop: Callable[[], bool] | None,
    on_checkpoint: Callable[[bytes], None] | None,
    resume: bytes | None,
) -> TemporalSynthesizer:
    """Train on a table that ``input_faults`` finds no fault in; arguments as ``fit_synthesizer``."""
    rng = np.random.default_rng(settings.seed)
    layout = Layout.of(frame, columns)
    sequences = layout.read(frame)
    categories = Categories.of(sequences, layout)
    regimes = categories.regimes(sequences.codes)
    scales = fit_scales(sequences.numbers, regimes, categories.count)
    lives = Lives.of(sequences, categories.group)
    width = window_width(sequences.lengths)
    real = scales.forward(sequences.numbers, regimes, rng)
    tell = partial(teller(lives, categories, width, life_known=columns.remaining_life is not None), lives.own)
    rows = np.hstack([real, categories.one_hot(sequences.codes)]).astype(np.float32)
    unit, after = window_ends(sequences.lengths, width)
    told = tell(unit, sequences.lengths[unit] - after - width)
    shape = Shape(width, real.shape[1], categories.varying_values, told.shape[1])
    training = Training(Material(rows, sequences.lengths, tell), shape, settings)
    network = training.run(Run(progress, should_stop, on_checkpoint), resume)

    counts = window_counts(sequences.lengths, width)
    h, v = encoded(network, cut(rows, sequences.lengths, width), told, counts, rng)
    mean, spread, _ = decode(network, h[unit], v, told).blended(sequences.lengths, width)
    fitted = TemporalSynthesizer(
        columns=columns,
        settings=settings,
        losses=tuple(training.losses),
        layout=layout,
        categories=categories,
        scales=scales,
        lives=lives,
        noise=fit_noise((real - mean) / spread, sequences.lengths),
        latents=fit_latents(h, sequences.lengths, v, counts),
        shape=shape,
        network=network,
    )
    return calibrated(fitted, sequences, real)


def calibrated(fitted: TemporalSynthesizer, sequences: Sequences, real: Floats) -> TemporalSynthesizer:
    """Return the synthesizer with each column's distribution set to that of training (``real``, scaled)."""
    rng = np.random.default_rng([fitted.settings.seed, 1])
    count = max(round(CALIBRATION_ROWS / sequences.lengths.mean()), 1)
    drawn = fitted.lives.draw(count, rng)
    made, _ = fitted.scaled(drawn, rng)
    return replace(fitted, scales=fitted.scales.calibrated(made, real))


# From lives, and unit and first row of windows of them, to what the network is told of those (windows, condition columns).
Teller = Callable[[Drawn, Integers, Integers], Floats]


def teller(lives: Lives, categories: Categories, width: int, *, life_known: bool) -> Teller:
    """Return what tells the network of windows: life left at their first and last row, and fixed conditions.

    Where life is unknown, rows since the unit's beginning stand in for it.
    """
    typical = lives.typical

    def tell(drawn: Drawn, unit: Integers, first: Integers) -> Floats:
        ends = np.stack([first, first + width - 1], axis=1)
        if life_known:
            behind = drawn.length[unit][:, None] - 1 - ends
            clock = drawn.end[unit][:, None] + drawn.step[unit][:, None] * behind
        else:
            clock = ends.astype(np.float64)
        fixed = categories.fixed_one_hot(categories.fixed[drawn.origin])[unit]
        return np.hstack([life_basis(clock, typical).reshape(len(unit), -1), fixed])

    return tell


def encoded(
    network: Any, windows: npt.NDArray[np.float32], condition: Floats, counts: Integers, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return latents drawn from q: h (units, unit latents), and z (windows, window latents) in units of its prior.

    Windows lie every half width: half of what each says of h is counted, as its neighbours say it too.
    """
    torch = torch_module()
    told = torch.from_numpy(condition.astype(np.float32))
    with torch.inference_mode():
        said, precision, mean, variance = network.encode(torch.from_numpy(windows), told)
        centre, spread = network.wander(told)
        parts = zip(said.split(counts.tolist()), precision.split(counts.tolist()), strict=True)
        h = [pooled(one, certain - math.log(2.0)) for one, certain in parts]
        mine = torch.stack([one for one, _ in h]).numpy(), torch.stack([one for _, one in h]).numpy()
        window = ((mean - centre) * (-0.5 * spread).exp()).numpy(), (0.5 * (variance - spread)).exp().numpy()
    unit = mine[0] + rng.standard_normal(mine[0].shape) * np.sqrt(mine[1])
    return unit.astype(np.float64), (window[0] + rng.standard_normal(window[0].shape) * window[1]).astype(np.float64)


@dataclass(frozen=True)
class Decoded:
    """What the decoder says of windows: ``means`` (windows, width, numeric), ``spreads`` and ``contexts`` (windows, ...)."""

    means: Floats
    spreads: Floats
    contexts: Floats

    def blended(self, lengths: Integers, width: int) -> tuple[Floats, Floats, Floats]:
        """Return means, spreads and contexts of every row, shape (rows, columns of each)."""

        def rows(one: Floats) -> Floats:
            return blend(np.broadcast_to(one[:, None, :], (len(one), width, one.shape[1])), lengths)

        return blend(self.means, lengths), rows(self.spreads), rows(self.contexts)


def decode(network: Any, h: Floats, v: Floats, condition: Floats) -> Decoded:
    """Return what the decoder says of ``h`` (windows, unit latents) and ``v``, window latents in units of their prior."""
    torch = torch_module()
    unit, window, told = (torch.from_numpy(one.astype(np.float32)) for one in (h, v, condition))
    with torch.inference_mode():
        centre, spread = network.wander(told)
        means, spreads, contexts = network.decode(unit, centre + window * (0.5 * spread).exp(), told)
        return Decoded(means.double().numpy(), spreads.exp().double().numpy(), contexts.double().numpy())


def logits(network: Any, scaled: Floats, context: Floats) -> Floats:
    """Return the logits of rows (rows, values of categorical columns that change)."""
    torch = torch_module()
    with torch.inference_mode():
        given = (torch.from_numpy(one.astype(np.float32)) for one in (scaled, context))
        answer: Floats = network.logits(*given).double().numpy()
    return answer
