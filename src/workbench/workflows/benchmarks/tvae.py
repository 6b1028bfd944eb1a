"""Synthetic run-to-failure sequences of the temporal TVAE beside SDV's, a bootstrap of blocks, and real units held out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from workbench import tvae
from workbench.domain.synthesis import QualityReport, SynthesisSettings, SynthesizerBackend
from workbench.errors import InputError
from workbench.tensors import torch_module

from .frame import Metrics, Progress, pick_subsets, under
from .tvae_peers import block_bootstrap, sdmetrics_quality
from .tvae_sides import Maker, Sides, makers

PROTOCOL = (
    "units split by seed into T and H of equal size; S has T's number of units and rows; quality: mean of sdmetrics Column "
    "Shapes and Column Pair Trends, S against T; closer_to_train and dcr_ratio over 10-row windows of sensors and settings "
    "in units of their spread in T (at most 10,000 of each side, as many of H as of T); tstr_over_trtr: RMSE of "
    "min(RUL, cap) on all rows of H; augmentation: T cut to 10 units with and without S; augmentation_few: the same with "
    "S learned from those 10 units alone; fit times on the CPU with 2 threads, SDV 300 epochs and batch 500; intervals: "
    "bootstrap over units; seed.*: simulated lives of one machine, H from other seeds and parameters"
)
CHOSEN_BY = (
    "the product's shipped defaults; the design was chosen on one split of FD001's training engines, by the loss of units "
    "kept aside and by these figures; other seeds split anew"
)
FEW_UNITS = 10
SAMPLED_ROWS = 50_000
THREADS = 2
ALIKE = ("quality", "column_shapes", "column_pair_trends")
COMPARED = (*ALIKE, "autocorrelation_distance")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Size:
    """How large a run is; None: all units, the shipped number of epochs."""

    units: int | None
    epochs: int | None
    draws: int


FULL = Size(units=None, epochs=None, draws=200)
QUICK = Size(units=16, epochs=50, draws=20)


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol for every subset asked for; see ``frame.run_benchmark``."""
    if data is None:
        raise InputError("The benchmark needs a data folder.", "Give --data FOLDER.")
    known = makers(data)
    names = pick_subsets(known, only, benchmark="tvae")
    size = QUICK if quick else FULL
    result: Metrics = {"metrics": {}, "peers": {}, "seconds": {}, "data": []}
    for number, name in enumerate(names):
        started = time.perf_counter()
        found = []
        for place, seed in enumerate(seeds):
            before = (number + place / len(seeds)) / len(names)
            share = 1 / (len(seeds) * len(names))

            def within(
                done: float, message: str, before: float = before, share: float = share, name: str = name
            ) -> None:
                progress(before + share * done, f"{name}: {message}")

            found.append(measure(known[name], seed, size, within))
        result["metrics"] |= under(name, mean_of([ours for ours, _, _ in found]))
        result["peers"] |= under(name, mean_of([peers for _, peers, _ in found]))
        result["seconds"][name] = round(time.perf_counter() - started, 3)
        result["data"] += [str(file) for file in found[0][2].files]
    versions = {package: version(package) for package in ("sdv", "sdmetrics", "torch")}
    return result | {
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": "seed" in names,
        "versions": versions,
    }


def measure(make: Maker, seed: int, size: Size, progress: Progress) -> tuple[Metrics, Metrics, Sides]:
    """Return our figures and the peers' on one split."""
    progress(0.0, "making both sides")
    sides = make(seed, size.units)
    shipped = SynthesisSettings(seed=seed)
    settings = shipped if size.epochs is None else shipped.model_copy(update={"epochs": size.epochs})
    progress(0.05, "training ours")
    with two_threads():
        mine, mine_s, mine_cpu_s = timed(lambda: tvae.fit_synthesizer(sides.train, sides.columns, settings))
        progress(0.2, "training SDV's, which tells nothing meanwhile")
        theirs, theirs_s, theirs_cpu_s = timed(lambda: tvae.fit_synthesizer(sides.train, sides.columns, sdv(settings)))
    progress(0.7, "judging")
    rows, units = len(sides.train), int(sides.train[sides.columns.unit].nunique())
    made = mine.sample(rows=rows, units=units, seed=seed)
    report = judged(made, sides, seed, size)
    ours = figures(report) | sdmetrics_quality(sides.train, made, sides.columns)
    ours |= {
        "trustworthy": float(report.trustworthy),
        "fit_s": mine_s,
        "fit_time_ratio_to_sdv": mine_s / theirs_s,
        "fit_cpu_ratio_to_sdv": mine_cpu_s / theirs_cpu_s,
        "sample_50k_s": statistics.median(
            timed(lambda: mine.sample(rows=SAMPLED_ROWS, seed=seed))[1] for _ in range(3)
        ),
    }
    progress(0.8, "learning from few units")
    ours |= few(sides, settings, seed, size)
    progress(0.85, "judging the peers")
    peers: Metrics = {"sdv.fit_s": theirs_s}
    for name, table in peer_tables(theirs, sides, seed).items():
        peers |= under(name, peer_figures(table, sides, seed, size))
    peers |= under("real_holdout", references(report))
    ours |= {f"{name}_sdv": peers[f"sdv_as_sampled.{name}"] for name in ("quality", "autocorrelation_distance")}
    return ours, peers, sides


def sdv(settings: SynthesisSettings) -> SynthesisSettings:
    """Return the settings of the peer: SDV, with the epochs and batch size of ours, which are its own defaults too."""
    return settings.model_copy(update={"backend": SynthesizerBackend.SDV})


def peer_tables(fitted: Any, sides: Sides, seed: int) -> dict[str, pd.DataFrame]:
    """Return what the peers make, each with the number of units and rows of training."""
    unit = sides.train[sides.columns.unit]
    lengths = unit.value_counts(sort=False).to_numpy(dtype=np.int64)
    return {
        "sdv_as_sampled": fitted.sample_unsorted(lengths=lengths, seed=seed),
        "sdv_sorted_by_rul": fitted.sample(rows=len(unit), units=len(lengths), seed=seed),
        "block_bootstrap": block_bootstrap(sides.train, sides.columns, seed=seed),
    }


def peer_figures(table: pd.DataFrame, sides: Sides, seed: int, size: Size) -> Metrics:
    """Return the figures of a peer's table, whose rows count in the order in which they come."""
    columns = sides.columns
    placed = table.assign(**{columns.order: table.groupby(columns.unit, sort=False).cumcount() + 1})
    in_time, alike = judged(placed, sides, seed, size), figures(judged(table, sides, seed, size))
    values = figures(in_time) | {key: value for key, value in alike.items() if key.startswith(ALIKE)}
    values |= sdmetrics_quality(sides.train, table, columns)
    return values | {"trustworthy": float(in_time.trustworthy)}


def few(sides: Sides, settings: SynthesisSettings, seed: int, size: Size) -> Metrics:
    """Return what sequences add to 10 units when they were learned from those units alone."""
    names = np.random.default_rng(seed).permutation(sides.train[sides.columns.unit].unique())[:FEW_UNITS]
    some = sides.train[sides.train[sides.columns.unit].isin(names)].reset_index(drop=True)
    fitted = tvae.fit_synthesizer(some, sides.columns, settings)
    made = fitted.sample(units=int(sides.train[sides.columns.unit].nunique()), seed=seed)
    figure = tvae.judge(
        made, some, sides.holdout, sides.columns, seed=seed, life_cap=sides.cap, draws=size.draws
    ).figure("augmentation")
    return {"augmentation_few": figure.value, "augmentation_few_interval": [figure.low, figure.high]}


def judged(made: pd.DataFrame, sides: Sides, seed: int, size: Size) -> QualityReport:
    """Return the judgement of one table."""
    return tvae.judge(
        made,
        sides.train,
        sides.holdout,
        sides.columns,
        seed=seed,
        sensors=sides.sensors,
        life_cap=sides.cap,
        draws=size.draws,
    )


def figures(report: QualityReport) -> Metrics:
    """Return the figures of a report, each followed by its interval."""
    table: Metrics = {}
    for one in report.figures:
        if one.value is not None:
            table |= {one.name: one.value, f"{one.name}_interval": [one.low, one.high]}
    return table


def references(report: QualityReport) -> Metrics:
    """Return the figures that real units held out reach."""
    return {name: report.figure(name).reference for name in COMPARED}


def mean_of(tables: Sequence[Mapping[str, Any]]) -> Metrics:
    """Return the mean over seeds of every figure, and of the ends of every interval."""
    return {
        key: [float(end) for end in np.mean([table[key] for table in tables], axis=0)]
        if key.endswith("_interval")
        else float(np.mean([table[key] for table in tables]))
        for key in tables[0]
        if all(key in table for table in tables)
    }


def timed(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """Return what ``work`` returns, and the seconds it took by the wall clock and of all processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - cpu


@contextmanager
def two_threads() -> Iterator[None]:
    """Let torch use two threads, and give it back as it was."""
    torch = torch_module()
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
