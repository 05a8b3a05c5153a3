"""Comparison of runs: tables in, tables out. A file for each kind of finding.

``runs`` reads pairs of replicates, one at a time; every other module makes one or more tables of the comparison
folder (docs/outputs.md) from them. ``tables`` declares every table: who makes it, its columns, how it is published and
where it is shown. Nothing here runs the model or draws.
"""
