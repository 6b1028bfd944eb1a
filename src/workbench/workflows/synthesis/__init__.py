"""Synthetic data of machines (S1 to S5): seed data, synthesizers, generated sets, what these are worth.

Nothing made here enters telemetry, training, or a gate: sets lie in ``data/synthetic/`` with records of their own.
"""

from .generation import generate
from .judging import judge_synthetic, synthesis_statistics
from .seeds import seed_data
from .sets import read_synthetic
from .training import synthesizers, train_synthesizer

__all__ = [
    "generate",
    "judge_synthetic",
    "read_synthetic",
    "seed_data",
    "synthesis_statistics",
    "synthesizers",
    "train_synthesizer",
]
