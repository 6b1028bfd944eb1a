"""Training of the window network: epochs with their losses, checkpoints that go on exactly, early end, and stop."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.domain.progress import Progress
from workbench.domain.synthesis import EpochLoss, SynthesisSettings
from workbench.errors import CorruptArtifact, InputError, Stopped
from workbench.tensors import seeded

from .adam import AdamW
from .network import Shape, build, device
from .packing import pack, unpack
from .windows import mirrored

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEARNING_RATE = 4e-3
LEAST_RATE = 0.02
DECAY = 1e-2
CHECKPOINT = "checkpoint 2"
# Each row is met in this many windows per epoch.
TIMES_MET = 4
MOST_TOGETHER = 8
# Share of the epochs in which units are learned before what wanders in them, which could otherwise say the same at more cost.
UNIT_FIRST = 0.5
VALIDATION_SHARE = 0.125
FEWEST_TO_HOLD_ASIDE = 8


@dataclass(frozen=True)
class Material:
    """Rows of all units as the network sees them, and what tells it of any window of them.

    ``rows`` (rows, channels) float32; ``lengths`` (units,); ``condition``: function of unit and first row of windows,
    both (windows,), to (windows, condition columns).
    """

    rows: npt.NDArray[np.float32]
    lengths: Integers
    condition: Callable[[Integers, Integers], Floats]

    def windows(
        self, unit: Integers, first: Integers, width: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return windows (..., width, channels) and conditions of units and first rows (...); mirrored at the unit's ends."""
        offsets = np.cumsum(self.lengths) - self.lengths
        inside = mirrored(first[..., None] + np.arange(width), self.lengths[unit][..., None])
        told = self.condition(unit.reshape(-1), first.reshape(-1)).astype(np.float32)
        return self.rows[offsets[unit][..., None] + inside], told.reshape(*unit.shape, -1)

    def drawn(self, units: Integers, count: int, width: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
        """Return unit and first row of windows drawn at random, both (``count``, windows of a unit).

        Long units come as much more often as they have more rows.
        """
        share = self.lengths[units] / self.lengths[units].sum()
        unit = np.repeat(rng.choice(units, count, p=share)[:, None], self.together(width), axis=1)
        lowest = -(width // 2) + 1
        return unit, rng.integers(lowest, np.maximum(self.lengths[unit] - width + 1, lowest + 1))

    def together(self, width: int) -> int:
        """Return how many windows of one unit are seen together: about as many as cover one."""
        return int(np.clip(round(float(np.median(self.lengths)) / width), 1, MOST_TOGETHER))

    def fingerprint(self) -> str:
        """Return a hash of the rows and where units begin."""
        digest = hashlib.sha256(np.ascontiguousarray(self.rows).tobytes())
        digest.update(self.lengths.astype(np.int64).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Run:
    """What a training run tells and heeds while it lasts."""

    progress: Progress
    should_stop: Callable[[], bool] | None
    on_checkpoint: Callable[[bytes], None] | None


class Training:
    """One training run of a network; ``run`` returns the network as it was at its best."""

    def __init__(self, material: Material, shape: Shape, settings: SynthesisSettings) -> None:
        self._material, self._shape, self._settings = material, shape, settings
        self._units, self._aside = _held_aside(len(material.lengths), settings.seed)
        self._epoch = 0
        self.losses: list[EpochLoss] = []
        self._fingerprint = material.fingerprint()

    def run(self, run: Run, resume: bytes | None) -> Any:
        """Train to the end, from ``resume`` on if given; returns the network, on the CPU and ready to answer.

        Raises:
            Stopped: ``should_stop`` said so; a last checkpoint was handed out first.
            InputError: ``resume`` is a checkpoint of other data or settings.
            CorruptArtifact: ``resume`` is no checkpoint.
        """
        settings = self._settings
        with seeded(settings.seed) as torch:
            place = device()
            self._network = build(self._shape).to(place)
            self._optimiser = AdamW(self._network, decay=DECAY)
            self._best = _copy(self._network)
            if resume is not None:
                self._go_on(torch, resume)
            while self._epoch < settings.epochs and not self._exhausted():
                if run.should_stop is not None and run.should_stop():
                    self._stop(run)
                self._train_epoch(torch, place)
                last = self.losses[-1]
                aside = "" if last.validation_loss is None else f", validation loss {last.validation_loss:.4f}"
                run.progress(
                    self._epoch / settings.epochs,
                    f"epoch {self._epoch} of {settings.epochs}, loss {last.loss:.4f}{aside}",
                )
                if run.on_checkpoint is not None and self._epoch % settings.checkpoint_every == 0:
                    run.on_checkpoint(self.checkpoint())
            self._network.to("cpu").load_state_dict(self._best)
        return self._network.eval()

    def _stop(self, run: Run) -> None:
        if run.on_checkpoint is not None:
            run.on_checkpoint(self.checkpoint())
        raise Stopped(
            f"Training was stopped after epoch {self._epoch} of {self._settings.epochs}.",
            "Go on from its last checkpoint, or train anew.",
        )

    def _exhausted(self) -> bool:
        """Say whether the units kept aside have not been answered better for as long as patience lasts."""
        watched = self._watched()
        return bool(watched) and len(watched) - 1 - int(np.argmin(watched)) >= self._settings.patience

    def _watched(self) -> list[float]:
        """Return the losses of the units kept aside since the whole network learns; before, they do not compare."""
        since = self._settings.epochs * UNIT_FIRST
        return [one.validation_loss for one in self.losses if one.validation_loss is not None and one.epoch > since]

    def _train_epoch(self, torch: Any, place: str) -> None:
        settings, shape, material = self._settings, self._shape, self._material
        # Drawn anew from seed and epoch, so that a checkpoint needs no state of any generator.
        rng = np.random.default_rng([settings.seed, self._epoch])
        self._epoch += 1
        lengths = material.lengths[self._units]
        windows = max(int(lengths.sum() * TIMES_MET // shape.width), settings.batch_size)
        together = material.together(shape.width)
        count = -(-windows // together)
        unit, first = material.drawn(self._units, count, shape.width, rng)
        done = (self._epoch - 1) / settings.epochs
        rate = LEARNING_RATE * (LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))
        self._network.train()
        batches = np.array_split(np.arange(count), max(round(windows / settings.batch_size), 1))
        total = 0.0
        for batch in batches:
            loss = self._loss(torch, place, unit[batch], first[batch], rng, self._share())
            self._optimiser.step(loss, rate)
            total += float(loss.detach()) * len(batch)
        self.losses.append(
            EpochLoss(epoch=self._epoch, loss=total / count, validation_loss=self._validate(torch, place))
        )
        watched = self._watched()
        if not watched or watched[-1] <= min(watched):
            self._best = _copy(self._network)

    def _share(self) -> float:
        """Return the share of window latents that the decoder sees in this epoch: none, then all."""
        return float(self._epoch > self._settings.epochs * UNIT_FIRST)

    def _loss(
        self, torch: Any, place: str, unit: Integers, first: Integers, rng: np.random.Generator, share: float
    ) -> Any:
        windows, condition = self._material.windows(unit, first, self._shape.width)
        unit_noise = rng.standard_normal((len(unit), self._shape.unit_latents), dtype=np.float32)
        window_noise = rng.standard_normal((*unit.shape, self._shape.window_latents), dtype=np.float32)
        tensors = [torch.from_numpy(one).to(place) for one in (windows, condition, unit_noise, window_noise)]
        return self._network.loss(*tensors, share)

    def _validate(self, torch: Any, place: str) -> float | None:
        """Return the loss over the same windows and noise every time, of the units kept aside; None without any."""
        if len(self._aside) == 0:
            return None
        rng = np.random.default_rng([self._settings.seed, 2**31])
        count = min(max(4 * len(self._aside), 20), 100)
        unit, first = self._material.drawn(self._aside, count, self._shape.width, rng)
        self._network.eval()
        with torch.inference_mode():
            return float(self._loss(torch, place, unit, first, rng, self._share()))

    def checkpoint(self) -> bytes:
        """Return all that ``run`` needs to go on as if it had not been interrupted."""
        arrays = {f"network.{name}": _numpy(tensor) for name, tensor in self._network.state_dict().items()}
        arrays |= {f"best.{name}": _numpy(tensor) for name, tensor in self._best.items()}
        steps, mean, square = self._optimiser.state()
        arrays |= {"adam.mean": _numpy(mean), "adam.square": _numpy(square)}
        facts = {
            "kind": CHECKPOINT,
            "epoch": self._epoch,
            "steps": steps,
            "settings": self._settings.model_dump(mode="json"),
            "fingerprint": self._fingerprint,
            "losses": [one.model_dump() for one in self.losses],
        }
        return pack(facts, arrays)

    def _go_on(self, torch: Any, resume: bytes) -> None:
        facts, arrays = unpack(resume)
        if facts.get("kind") != CHECKPOINT:
            raise CorruptArtifact(
                "The bytes are no checkpoint of a training run of this release.",
                "Give those of on_checkpoint, or train anew.",
            )
        same_settings = facts["settings"] == self._settings.model_dump(mode="json")
        if not same_settings or facts["fingerprint"] != self._fingerprint:
            other = "data" if same_settings else "settings"
            raise InputError(
                f"The checkpoint belongs to a run with other {other}.", "Resume with those, or train anew."
            )

        def under(start: str) -> dict[str, Any]:
            return {
                name.removeprefix(start): torch.from_numpy(a) for name, a in arrays.items() if name.startswith(start)
            }

        self._network.load_state_dict(under("network."))
        self._best = under("best.")
        self._optimiser.restore(int(facts["steps"]), **under("adam."))
        self._epoch = int(facts["epoch"])
        self.losses = [EpochLoss(**one) for one in facts["losses"]]


def _held_aside(count: int, seed: int) -> tuple[Integers, Integers]:
    """Return units to learn from and units to watch the loss on; with few units all are learned from."""
    order = np.random.default_rng(seed).permutation(count)
    aside = round(count * VALIDATION_SHARE) if count >= FEWEST_TO_HOLD_ASIDE else 0
    return np.sort(order[aside:]), np.sort(order[:aside])


def _copy(network: Any) -> dict[str, Any]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def _numpy(tensor: Any) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = tensor.detach().cpu().numpy()
    return array
