"""SDV's TVAE of single rows behind the same interface: rows without a course in time, sorted into sequences.

SDV is under the Business Source License: free inside a company, not for selling synthetic data as a service. It is imported
only where this backend is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.progress import Progress
from workbench.domain.synthesis import EpochLoss, SequenceColumns, SynthesisCondition, SynthesisSettings
from workbench.errors import EnvironmentFailure, InputError, Stopped
from workbench.tensors import torch_module

from .demand import demanded
from .lives import Lives
from .table import Layout, Sequences

Integers = npt.NDArray[np.int64]

INSTALL = "pip install 'predictive-maintenance-workbench[synthesis]'"
TABLE = "rows"


@dataclass(frozen=True)
class SdvSynthesizer:
    """A fitted TVAESynthesizer of SDV. Its sequences are rows drawn alone and sorted by the life left, longest first."""

    columns: SequenceColumns
    settings: SynthesisSettings
    losses: tuple[EpochLoss, ...]
    layout: Layout
    lives: Lives
    model: Any

    def sample(
        self,
        *,
        rows: int | None = None,
        units: int | None = None,
        seed: int,
        condition: SynthesisCondition | None = None,
    ) -> pd.DataFrame:
        """Return synthetic sequences; see ``contract.Synthesizer.sample``. SDV's rows follow no condition.

        Raises:
            InputError: a condition was asked for, or neither rows nor units.
        """
        if condition is not None and condition != SynthesisCondition():
            raise InputError("SDV's rows are drawn without condition.", "Use the backend 'temporal', or ask for none.")
        rng = np.random.default_rng(seed)
        drawn, _ = demanded(self.lives, rows=rows, units=units, within=None, groups=None, rng=rng)
        return self.layout.write(self._dealt(self.sample_rows(int(drawn.length.sum()), seed), drawn.length, sort=True))

    def sample_unsorted(self, *, lengths: Integers, seed: int) -> pd.DataFrame:
        """Return rows as SDV draws them, dealt to units of these lengths in the order in which they come."""
        return self.layout.write(self._dealt(self.sample_rows(int(lengths.sum()), seed), lengths, sort=False))

    def sample_rows(self, count: int, seed: int) -> pd.DataFrame:
        """Return single rows as SDV draws them."""
        with _seeded(seed):
            made = self.model.sample(count)
        table: pd.DataFrame = made[TABLE] if isinstance(made, dict) else made
        return table

    def _dealt(self, table: pd.DataFrame, lengths: Integers, *, sort: bool) -> Sequences:
        columns = self.columns
        order, life = table[columns.order].to_numpy(dtype=float), None
        unit = np.repeat(np.arange(len(lengths)), lengths)
        at = np.arange(len(table))
        if columns.remaining_life is not None:
            life = table[columns.remaining_life].to_numpy(dtype=float)
        if sort:
            at = np.lexsort((order if life is None else -life, unit))
            order = order[np.lexsort((order, unit))]
        values = [{value: place for place, value in enumerate(one)} for one in self.layout.values]
        codes = [table[name].map(places).to_numpy() for name, places in zip(columns.categorical, values, strict=True)]
        return Sequences(
            lengths=lengths,
            order=order,
            life=None if life is None else life[at],
            numbers=table[list(columns.continuous)].to_numpy(dtype=float)[at],
            codes=np.stack(codes, axis=1)[at].astype(np.int64) if codes else np.zeros((len(table), 0), dtype=np.int64),
        )

    def to_bytes(self) -> bytes:
        """Raise ``InputError``: SDV keeps its models as pickle, which is never read here."""
        raise InputError(
            "A synthesizer of SDV is not kept: its file format can run any code when it is read.",
            "Fit it again from the same data, settings and seed, or use the backend 'temporal'.",
        )


def fit_sdv(
    frame: pd.DataFrame,
    columns: SequenceColumns,
    settings: SynthesisSettings,
    *,
    progress: Progress,
    should_stop: Callable[[], bool] | None,
    resume: bytes | None,
) -> SdvSynthesizer:
    """Train SDV's TVAESynthesizer on the rows of a table that ``input_faults`` finds no fault in.

    It tells nothing while it trains and makes no checkpoints: ``should_stop`` is asked before it begins.

    Raises:
        EnvironmentFailure: SDV is not installed.
        InputError: ``resume`` is given.
        Stopped: ``should_stop`` said so.
    """
    if resume is not None:
        raise InputError("SDV's training makes no checkpoints.", "Train anew, or use the backend 'temporal'.")
    if should_stop is not None and should_stop():
        raise Stopped("Training was stopped before it began.", "Train anew.")
    layout = Layout.of(frame, columns)
    sequences = layout.read(frame)
    table = _table(sequences, layout)
    numeric = [name for name in table.columns if name not in columns.categorical]
    described = {name: {"sdtype": "numerical" if name in numeric else "categorical"} for name in table.columns}
    progress(0.0, f"SDV trains {settings.epochs} epochs and tells nothing meanwhile")
    with _seeded(settings.seed):
        model = _synthesizer(described, settings)
        model.fit({TABLE: table})
    return SdvSynthesizer(
        columns=columns,
        settings=settings,
        losses=_losses(model),
        layout=layout,
        lives=Lives.of(sequences, np.zeros(len(sequences.lengths), dtype=np.int64)),
        model=model,
    )


def _synthesizer(described: dict[str, dict[str, str]], settings: SynthesisSettings) -> Any:
    try:
        from sdv.metadata import Metadata  # type: ignore[import-untyped]
        from sdv.single_table import TVAESynthesizer  # type: ignore[import-untyped]
    except ImportError as error:
        raise EnvironmentFailure("The backend 'sdv' needs SDV.", f"Run: {INSTALL}") from error
    metadata = Metadata.load_from_dict({"tables": {TABLE: {"columns": described}}})
    return TVAESynthesizer(metadata, epochs=settings.epochs, batch_size=settings.batch_size)


def _losses(model: Any) -> tuple[EpochLoss, ...]:
    """Return the mean loss of each epoch, which SDV keeps by batch."""
    values = model.get_loss_values()
    mean = values.groupby("Epoch")["Loss"].mean()
    return tuple(EpochLoss(epoch=int(epoch) + 1, loss=float(loss)) for epoch, loss in mean.items())


def _table(sequences: Sequences, layout: Layout) -> pd.DataFrame:
    """Return the rows without their unit: order and life as numbers, categories as their values."""
    columns = layout.columns
    table: dict[str, Any] = {columns.order: sequences.order}
    if columns.remaining_life is not None and sequences.life is not None:
        table[columns.remaining_life] = sequences.life
    table |= {name: sequences.numbers[:, k] for k, name in enumerate(columns.continuous)}
    for k, name in enumerate(columns.categorical):
        table[name] = np.array(layout.values[k], dtype=object)[sequences.codes[:, k]]
    return pd.DataFrame(table)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed what SDV draws from, torch's and numpy's global generators, and give them back as they were."""
    torch = torch_module()
    before = np.random.get_state()  # noqa: NPY002 - SDV draws from it
    np.random.set_state(np.random.RandomState(seed).get_state())  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
