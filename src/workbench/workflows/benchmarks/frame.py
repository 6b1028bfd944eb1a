"""The frame of every benchmark: which there are, what a result holds, and what is checked before one runs."""

from __future__ import annotations

import importlib
import math
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.domain.progress import Progress as Progress
from workbench.domain.progress import untold
from workbench.errors import InputError, WorkbenchError

Metrics = dict[str, Any]

BENCHMARKS: dict[str, str] = {
    "ai4i": "workbench.workflows.benchmarks.ai4i",
    "alerts": "workbench.workflows.benchmarks.alerts",
    "azure": "workbench.workflows.benchmarks.azure",
    "cmapss": "workbench.workflows.benchmarks.cmapss",
    "decision": "workbench.workflows.benchmarks.decision",
    "metropt3": "workbench.workflows.benchmarks.metropt3",
    "nab": "workbench.workflows.benchmarks.nab",
    "skab": "workbench.workflows.benchmarks.skab",
    "femto": "workbench.workflows.benchmarks.femto",
    "forecast": "workbench.workflows.benchmarks.forecast",
    "history": "workbench.workflows.benchmarks.history",
    "held_out": "workbench.workflows.benchmarks.held_out",
    "hydraulic": "workbench.workflows.benchmarks.hydraulic",
    "report": "workbench.workflows.benchmarks.report",
    "dashboard": "workbench.workflows.benchmarks.dashboard",
    "dispatch": "workbench.workflows.benchmarks.dispatch",
    "scoring": "workbench.workflows.benchmarks.scoring",
    "telemetry": "workbench.workflows.benchmarks.telemetry",
    "tvae": "workbench.workflows.benchmarks.tvae",
    "twin": "workbench.workflows.benchmarks.twin",
}
MAKES_ITS_OWN_DATA = frozenset(
    {"alerts", "dashboard", "dispatch", "held_out", "report", "scoring", "telemetry", "twin"}
)
RESULT_KEYS = (
    "benchmark",
    "data",
    "protocol",
    "seeds",
    "metrics",
    "peers",
    "seconds",
    "peak_memory_mb",
    "versions",
    "chosen_by",
    "simulated",
)
DATASETS_VARIABLE = "WORKBENCH_DATASETS"
_PACKAGES = ("predictive-maintenance-workbench", "numpy", "pandas", "pyarrow", "duckdb", "scikit-learn", "scipy")


def run_benchmark(
    name: str,
    *,
    data: Path | None,
    seeds: Sequence[int] = (0,),
    quick: bool = False,
    only: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run the benchmark ``name`` and return its result, ready for JSON, with exactly ``RESULT_KEYS``.

    Args:
        name: one of ``BENCHMARKS``.
        data: folder of the data sets; None: the folder that WORKBENCH_DATASETS names.
        seeds: every figure is the mean over these.
        quick: a small run that shows that all works; its protocol says so and its figures compare with nothing.
        only: subsets to run (e.g. ``FD001``); empty: all whose files are there.
        progress: told the fraction done and a message.

    Raises:
        InputError: unknown name or subset, no data folder, missing or unreadable files.
    """
    if name not in BENCHMARKS:
        raise InputError(f"There is no benchmark {name!r}.", f"Known benchmarks: {', '.join(sorted(BENCHMARKS))}.")
    if not seeds or any(seed < 0 for seed in seeds):
        raise InputError(f"seeds are {list(seeds)}.", "Give at least one seed, each 0 or more.")
    folder = _data_folder(name, data)
    module = importlib.import_module(BENCHMARKS[name])
    started = time.perf_counter()
    result: dict[str, Any] = module.run(
        data=folder, seeds=tuple(seeds), quick=quick, only=tuple(only), progress=progress or untold
    )
    total = time.perf_counter() - started
    return _complete(name, result, seeds=seeds, quick=quick, total_s=total)


def _data_folder(name: str, data: Path | None) -> Path | None:
    named = data if data is not None else Path(os.environ[DATASETS_VARIABLE]) if _datasets_named() else None
    if named is None:
        if name in MAKES_ITS_OWN_DATA:
            return None
        raise InputError(
            f"Benchmark {name!r} needs data and no folder was given.",
            f"Give --data FOLDER or set {DATASETS_VARIABLE}.",
        )
    if not named.is_dir():
        if data is None and name in MAKES_ITS_OWN_DATA:
            return None
        raise InputError(f"The data folder {named} does not exist.", "Name a folder that holds the data sets.")
    return named


def _datasets_named() -> bool:
    return bool(os.environ.get(DATASETS_VARIABLE))


def _complete(
    name: str, result: dict[str, Any], *, seeds: Sequence[int], quick: bool, total_s: float
) -> dict[str, Any]:
    """Fill in what every benchmark has in common and hold the result to the agreed keys."""
    mark = "quick run, not comparable: "
    protocol = str(result.get("protocol", ""))
    whole = {
        "data": [],
        "peers": {},
        "chosen_by": "",
        "peak_memory_mb": peak_memory_mb(),
        "simulated": False,
        **result,
        "benchmark": name,
        "seeds": list(seeds),
        "protocol": mark + protocol if quick and not protocol.startswith(mark) else protocol,
        "seconds": {**result.get("seconds", {}), "total": round(total_s, 3)},
        "versions": {**library_versions(), **result.get("versions", {})},
    }
    strange = sorted(set(whole) ^ set(RESULT_KEYS))
    if strange:
        raise WorkbenchError(f"Benchmark {name!r} misses or adds result keys: {', '.join(strange)}.", "Report this.")
    return {key: _plain(whole[key]) for key in RESULT_KEYS}


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON holds it: numpy scalars unwrapped, not-a-number as null, tuples as lists."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def peak_memory_mb() -> float:
    """Return the highest resident memory of this process so far, in megabytes."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return round(kilobytes / 1024, 1)


def library_versions() -> dict[str, str]:
    """Return the versions that figures depend on."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def pick_subsets(available: Iterable[str], only: Sequence[str], *, benchmark: str) -> list[str]:
    """Return the subsets to run; raises ``InputError`` naming those that exist when one in ``only`` does not."""
    known = list(available)
    unknown = [name for name in only if name not in known]
    if unknown or not known:
        shown = ", ".join(known) or "none"
        raise InputError(
            f"Benchmark {benchmark!r} has no data for {', '.join(unknown) or 'any subset'}.",
            f"Subsets whose files are there: {shown}.",
        )
    return [name for name in known if not only or name in only]


def with_intervals(
    figures: Callable[[npt.NDArray[np.intp]], Mapping[str, float]], units: npt.ArrayLike, *, draws: int, seed: int = 0
) -> Metrics:
    """Return ``figures`` of all rows, each followed by ``<key>_interval``, its 95 % bootstrap interval over units."""
    from workbench.ml.metrics import bootstrap_intervals

    names = np.asarray(units)
    found = bootstrap_intervals(figures, names, draws=draws, seed=seed)
    table: Metrics = {}
    for key, value in figures(np.arange(len(names))).items():
        table[key] = value
        table[f"{key}_interval"] = list(found[key])
    return table


def under(subset: str, metrics: Metrics) -> Metrics:
    """Return ``metrics`` with each key under ``subset``.

    >>> under("FD001", {"rmse": 1.0})
    {'FD001.rmse': 1.0}
    """
    return {f"{subset}.{key}": value for key, value in metrics.items()}
