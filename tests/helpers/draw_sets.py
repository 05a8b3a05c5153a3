"""A small posterior for tests, made of draws of the priors. It is fitted to nothing and never ships."""

from __future__ import annotations

from pathlib import Path

from irregsim.inference import posterior

ABOUT = {
    "command": "irregsim calibrate --out fit",
    "settings": {"trials": 10, "seed": 1},
    "targets_vintage": "2021-05-31",
    "gate": {"passed": True, "red": []},
}
RED = {**ABOUT, "gate": {"passed": False, "red": ["pu_orders total 2019 is out of reach"]}}


def small_posterior(folder: Path, count: int = 6, about=ABOUT) -> posterior.Posterior:
    """A posterior of the first draws of the priors, written into a folder."""
    return posterior.write(folder, posterior.prior_draws(count), about)
