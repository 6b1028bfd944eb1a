"""The digital twin: machines simulated from the `twin` sections of their profiles."""

from .continuation import Continuation, continue_record
from .fleet import SimulatedFleet, simulate_fleet
from .seed import seed_columns, seed_modes, seed_notes, seed_sequences
from .stream import StreamedReading, stream_readings

__all__ = [
    "Continuation",
    "SimulatedFleet",
    "StreamedReading",
    "continue_record",
    "seed_columns",
    "seed_modes",
    "seed_notes",
    "seed_sequences",
    "simulate_fleet",
    "stream_readings",
]
