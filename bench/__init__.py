"""Benchmarks: `python -m bench.NAME [--json]` prints a table, and one line of JSON for machines."""
