"""Fitting the model to the registers: a bank of trials, an emulator of the counts, a sampler, and their checks."""
