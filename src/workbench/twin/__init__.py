"""The digital twin: machines simulated from the `twin` sections of their profiles."""

from .fleet import SimulatedFleet, simulate_fleet

__all__ = ["SimulatedFleet", "simulate_fleet"]
