"""How well the workbench does, measured by fixed protocols beside peers that run on the same data."""

from .frame import BENCHMARKS, run_benchmark

__all__ = ["BENCHMARKS", "run_benchmark"]
