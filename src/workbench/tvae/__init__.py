"""Synthetic run-to-failure sequences: a temporal TVAE and SDV's TVAE behind one interface, and the judge of both.

``fit_synthesizer`` learns from a table of sequences and returns a ``Synthesizer``, which ``load_synthesizer`` reads back
from its bytes; ``judge`` says what the sequences that it makes are worth; ``input_faults`` lists what stands in the way
of training, before it begins.
"""

from __future__ import annotations

from .checks import input_faults
from .contract import Synthesizer
from .fit import fit_synthesizer, load_synthesizer
from .judgement import judge

__all__ = ["Synthesizer", "fit_synthesizer", "input_faults", "judge", "load_synthesizer"]
