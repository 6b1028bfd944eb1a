"""Anomalies by a small convolutional autoencoder: what it cannot rebuild of the last readings is strange."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from workbench.errors import InputError
from workbench.ml.arrays import FloatArray
from workbench.tensors import load_weights, seeded, torch_module, weights_of

from .index import IndexDetector

LARGEST_Z = 50.0
SMALLEST_SPREAD = 0.01
NOTHING = 1e-9
KERNEL = 3
BATCH = 128
CHUNK = 4096
LEARNING_RATE = 3e-3


class AutoencoderAnomaly(IndexDetector):
    """Convolutional autoencoder over the last ``steps`` rows; index = squares of what it leaves, over their usual size.

    Two convolutions along time narrow the rows to half as many channels as there are sensors and a quarter of the steps,
    two more rebuild them. What is left is averaged over the steps, as a fault shifts levels for longer than one row, and
    each sensor counts by the spread of its own remainder. Columns are sensor by sensor, each with its ``steps`` values,
    oldest first (``RecordDetector`` lays them out so); 1 takes any table. Missing values count as the training mean.
    Needs the extra ``deep``. Source: Masci et al., "Stacked convolutional auto-encoders", ICANN 2011.

    Attributes after ``fit``: ``centre_``, ``spread_`` (features), ``weights_`` (safetensors bytes), ``left_`` (usual
    size of each sensor's remainder), ``tail_``, ``threshold_``.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        steps: int = 1,
        channels: int = 16,
        iterations: int = 300,
        budget: float = 1.0,
        merge_h: float = 24.0,
    ) -> None:
        super().__init__(seed=seed, budget=budget, merge_h=merge_h)
        if min(steps, channels, iterations) < 1:
            raise InputError(
                f"steps, channels and iterations are {steps}, {channels} and {iterations}.", "Give 1 or more of each."
            )
        self.steps = steps
        self.channels = channels
        self.iterations = iterations

    def _learn(self, matrix: FloatArray) -> None:
        if matrix.shape[1] % self.steps:
            raise InputError(
                f"{matrix.shape[1]} columns do not hold {self.steps} steps of each sensor.",
                "Give the columns sensor by sensor, or let RecordDetector lay them out.",
            )
        known = ~np.isnan(matrix)
        count = np.maximum(known.sum(axis=0), 1)
        self.centre_ = np.where(known, matrix, 0.0).sum(axis=0) / count
        deviation = np.sqrt(np.where(known, (matrix - self.centre_) ** 2, 0.0).sum(axis=0) / count)
        level = np.maximum(np.abs(self.centre_), NOTHING)
        self.spread_ = np.where(deviation > 1e-6 * level, deviation, SMALLEST_SPREAD * level)
        rows = self._windows(matrix)
        self.sensors_in_ = rows.shape[1]
        with seeded(self.seed) as torch:
            self._network = self._blank()
            self._descend(torch, torch.as_tensor(rows, dtype=torch.float32))
        self.weights_ = weights_of(self._network)
        self._network = self._network.double().eval()
        self.left_ = np.maximum(np.sqrt((self._remainder(matrix) ** 2).mean(axis=0)), SMALLEST_SPREAD)

    def _descend(self, torch: Any, rows: Any) -> None:
        """Fit the network to rebuild ``rows``, by Adam with a learning rate that falls to zero (cosine)."""
        optimiser = torch.optim.Adam(self._network.parameters(), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.iterations)
        for _ in range(self.iterations):
            batch = rows[torch.randint(len(rows), (min(BATCH, len(rows)),))]
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(self._network(batch), batch).backward()
            optimiser.step()
            schedule.step()

    def _blank(self) -> Any:
        """Return the network before it learned; its shape follows from the parameters and the number of sensors."""
        nn = torch_module().nn
        sensors, narrow = self.sensors_in_, max(self.sensors_in_ // 2, 1)

        def along(inside: int, out: int, stride: int = 1) -> Any:
            return nn.Conv1d(inside, out, KERNEL, stride=stride, padding=KERNEL // 2)

        return nn.Sequential(
            along(sensors, self.channels, 2),
            nn.ELU(),
            along(self.channels, narrow, 2),
            nn.Upsample(size=(self.steps + 1) // 2),
            along(narrow, self.channels),
            nn.ELU(),
            nn.Upsample(size=self.steps),
            along(self.channels, sensors),
        )

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Rebuild from ``state()``; raises ``CorruptArtifact`` for another estimator's state or weights."""
        made = super().restore(state)
        made._network = load_weights(made._blank(), made.weights_).double()
        return made

    def _windows(self, matrix: FloatArray) -> FloatArray:
        """Return standardised rows, shape (rows, sensors, steps)."""
        z = np.nan_to_num(np.clip((matrix - self.centre_) / self.spread_, -LARGEST_Z, LARGEST_Z))
        return z.reshape(len(matrix), -1, self.steps)

    def _remainder(self, matrix: FloatArray) -> FloatArray:
        """Return what is left of each sensor, mean over the steps, shape (rows, sensors)."""
        torch = torch_module()
        out = np.empty((len(matrix), self.sensors_in_))
        for start in range(0, len(matrix), CHUNK):
            rows = self._windows(matrix[start : start + CHUNK])
            with torch.inference_mode():
                rebuilt = self._network(torch.from_numpy(rows)).numpy()
            out[start : start + CHUNK] = (rows - rebuilt).mean(axis=2)
        return out

    def _raw(self, matrix: FloatArray) -> FloatArray:
        return np.asarray(((self._remainder(matrix) / self.left_) ** 2).sum(axis=1))

    def _blame(self, matrix: FloatArray) -> FloatArray:
        share = (self._remainder(matrix) / self.left_) ** 2 / self.steps
        return np.repeat(share, self.steps, axis=1)
