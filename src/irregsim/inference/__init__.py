"""Targets, posterior, calibration, and the check of the posterior against the published counts."""
