"""Readers: CSV and Parquet by a column mapping, asset events, the Azure fleet, C-MAPSS."""
