"""Predictive maintenance workbench: sensor data of a fleet in, predictions that hold and work that is done out."""
