"""Remaining useful life by a small neural network on each sensor's course, as its trailing windows tell it."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.tensors import load_weights, seeded, torch_module, weights_of

from .arrays import FloatArray, ObjectArray
from .intervals import CrossFittedRul
from .splits import holdout_units

LARGEST_Z = 5.0
BATCH = 256
LEARNING_RATE = 3e-3
DECAY = 1e-2
STOP_SHARE = 0.125


class NetworkRul(CrossFittedRul):
    """Two hidden layers on standardised window features: short and long means, spread, slopes up to 200 cycles.

    Trained by AdamW with a learning rate that falls to zero (cosine), stopped early on an eighth of the training units
    and given back as it was when it answered those best. Networks that read the raw sequence (convolutions, a GRU, over
    60 and 200 cycles) were less exact on held-out engines and slower, with or without these features beside it.

    Needs the extra ``deep``. Attributes after ``fit``: ``centre_``, ``scale_``, ``weights_`` (safetensors bytes), and
    those of ``CalibratedRul``.
    """

    def __init__(
        self,
        *,
        cap: float,
        seed: int = 0,
        hidden: int = 64,
        epochs: int = 25,
        patience: int = 6,
        n_splits: int = 5,
    ) -> None:
        super().__init__(cap=cap, seed=seed, n_splits=n_splits)
        self.hidden = hidden
        self.epochs = epochs
        self.patience = patience

    def _learn(self, matrix: FloatArray, y: FloatArray, groups: ObjectArray, weight: FloatArray | None) -> None:
        known = ~np.isnan(matrix)
        count = np.maximum(known.sum(axis=0), 1)
        self.centre_ = np.where(known, matrix, 0.0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, (matrix - self.centre_) ** 2, 0.0).sum(axis=0) / count)
        self.scale_ = np.maximum(spread, 1e-6 * np.maximum(np.abs(self.centre_), 1.0))
        with seeded(self.seed) as torch:
            self._network = self._blank()
            rows = torch.as_tensor(self._standard(matrix), dtype=torch.float32)
            target = torch.as_tensor(y / self.cap, dtype=torch.float32)
            importance = torch.as_tensor(np.ones(len(y)) if weight is None else weight, dtype=torch.float32)
            self._descend(torch, rows, target, importance, np.asarray(groups).astype(str))
        self.weights_ = weights_of(self._network)
        self._network = self._network.double().eval()

    def _descend(self, torch: Any, rows: Any, target: Any, importance: Any, units: ObjectArray) -> None:
        """Train until the units kept aside are no longer answered better, and keep the weights that did best."""
        train, aside = np.arange(len(units)), np.arange(len(units))
        if len(np.unique(units)) > 1:
            split = holdout_units(units, STOP_SHARE, self.seed)
            train, aside = split.train, split.test
        rng = np.random.default_rng(self.seed)
        optimiser = torch.optim.AdamW(self._network.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.epochs)
        least, best, since = np.inf, weights_of(self._network), 0
        for _ in range(self.epochs):
            self._network.train()
            order = rng.permutation(train)
            for start in range(0, len(order), BATCH):
                batch = torch.from_numpy(order[start : start + BATCH])
                optimiser.zero_grad()
                errors = (self._network(rows[batch])[:, 0] - target[batch]) ** 2
                (importance[batch] * errors).mean().backward()
                optimiser.step()
            schedule.step()
            self._network.eval()
            with torch.inference_mode():
                kept_aside = torch.from_numpy(aside)
                error = float(((self._network(rows[kept_aside])[:, 0] - target[kept_aside]) ** 2).mean())
            since += 1
            if error < least:
                least, best, since = error, weights_of(self._network), 0
            elif since >= self.patience:
                break
        load_weights(self._network, best)

    def _blank(self) -> Any:
        """Return the network before it learned; its shape follows from the parameters and the columns used."""
        nn = torch_module().nn
        return nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(len(self.centre_), self.hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(self.hidden, self.hidden),
            nn.ReLU(),
            nn.Linear(self.hidden, 1),
        )

    def _ready(self) -> Any:
        """Return the network, rebuilt from its weights where this estimator came from an artefact."""
        if not hasattr(self, "_network"):
            self._network = load_weights(self._blank(), self.weights_).double()
        return self._network

    def _standard(self, matrix: FloatArray) -> FloatArray:
        """Return standardised columns; a gap becomes the mean of training."""
        return np.asarray(np.nan_to_num(np.clip((matrix - self.centre_) / self.scale_, -LARGEST_Z, LARGEST_Z)))

    def _point(self, matrix: FloatArray) -> FloatArray:
        torch, network = torch_module(), self._ready()
        with torch.inference_mode():
            answer = network(torch.from_numpy(self._standard(matrix)))[:, 0].numpy()
        return np.asarray(self.cap * answer, dtype=np.float64)
