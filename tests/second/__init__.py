"""The month of docs/odd.md, written a second time from its text: one person at a time, plain loops, one generator.

Nothing here is taken from the package but its data files; `takeover` alone reads a world of the package, to start.
"""
