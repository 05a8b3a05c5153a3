"""Hashes, Parquet, and folders with lock and commit. Knows no table, scenario or rule of the model."""
