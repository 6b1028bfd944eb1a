"""What every synthesizer can do, whoever made it."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from workbench.domain.synthesis import EpochLoss, SequenceColumns, SynthesisCondition, SynthesisSettings


class Synthesizer(Protocol):
    """A trained generator of sequences."""

    @property
    def columns(self) -> SequenceColumns:
        """What the columns that it makes mean."""

    @property
    def settings(self) -> SynthesisSettings:
        """How it was trained."""

    @property
    def losses(self) -> tuple[EpochLoss, ...]:
        """Loss after each epoch."""

    def sample(
        self,
        *,
        rows: int | None = None,
        units: int | None = None,
        seed: int,
        condition: SynthesisCondition | None = None,
    ) -> pd.DataFrame:
        """Return synthetic sequences, columns as in training (``columns.used``), units named 1, 2, ...

        Args:
            rows: number of rows; with ``units`` too, their lengths are stretched to make up exactly that many, else the
                last unit (or the first, where the rows end with its failure) is cut short.
            units: number of sequences; without ``rows`` they are as long as such sequences are.
            seed: same seed, same table.
            condition: what they have in common; None: as in training.

        Raises:
            InputError: neither or a non-positive number, or a condition that training did not hold.
        """

    def to_bytes(self) -> bytes:
        """Return it as bytes without pickle; raises ``InputError`` where the backend's models are not kept."""
