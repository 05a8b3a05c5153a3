"""What is known about a fit, as plain numbers, and docs/calibration.md filled in with its tables."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from irregsim.inference.calibration import checks, counts, design, fitting, neural, priors, recovery
from irregsim.inference.soft import SoftTarget
from irregsim.model.parameters import parameters
from irregsim.present.pages.calibration_tables import PARTED, markdown

FloatArray = npt.NDArray[np.float64]

#: Pairs of parameters that trade off: correlation of at least this size in the posterior.
TRADE_OFF: Final = 0.4


def about(
    fit: fitting.Fit,
    centre: checks.Centre | None = None,
    finished: Callable[[int], None] = lambda number: None,
    jobs: int = 1,
) -> dict[str, Any]:
    """Everything docs/calibration.md reports about a fit, as numbers and texts that JSON can hold.

    Args:
        fit: A finished fit.
        centre: The model at full scale after the fit; None where it was not run.
        finished: Notified of each known truth that was fitted.
        jobs: Processes for the known truths; results do not depend on them.
    """
    from_prior, shipped = fitting.recovered(fit, finished, jobs)
    alone = checks.left_out(fit)
    red = checks.gates(fit, from_prior, centre, alone)
    return {
        "settings": vars(fit.settings),
        "trials": len(fit.evidence.z),
        "gate": {"passed": not red, "red": red},
        "sampler": {
            "temperatures": fit.sample.steps,
            "accepted": round(fit.sample.accepted, 3),
            "largest_difference_of_families": round(float(np.abs(fit.sample.halves).max()), 3),
        },
        "followed": _followed(fit),
        # What acts after the last count is drawn from its prior, whatever a fit says.
        "not_followed": [
            what.name
            for i, what in enumerate(design.varied())
            if i not in set(fit.emulator.followed.tolist()) and not what.acts_after_fit
        ],
        "fixed": [name for name, what in parameters().items() if what.distribution == "fixed"],
        "pairs": _pairs(fit),
        "targets": _targets(fit, centre, alone),
        "twice": _twice(fit),
        "soft": _soft(fit),
        "left_out": _left_out(alone),
        "coverage": _coverage(fit),
        "recovery": {"prior": _recovery(from_prior), "shipped": _recovery(shipped)},
        "forward": fitting.forward(fit),
    }


def _followed(fit: fitting.Fit) -> list[dict[str, Any]]:
    names, own, before = design.names(), fit.sample.z, fit.prior
    without = fitting.leave_out_registers(fit)
    base = fitting.refit(fit, np.arange(len(fit.targets)), fit.settings.seed + 30).z.std(axis=0)
    out = []
    for i, column in enumerate(fit.emulator.followed.tolist()):
        what = parameters()[names[column]]

        def value(z: float, column: int = column, name: str = names[column]) -> float:
            one = np.zeros(len(names))
            one[column] = z
            return float(design.values(one)[name])

        low, middle, high = np.quantile(own[:, i], [0.05, 0.5, 0.95])
        wider = {register: float(sd[i] / base[i]) for register, sd in without.items()}
        carrier = max(wider, key=lambda register: wider[register])
        out.append(
            {
                "name": what.name,
                "grade": what.grade,
                "remade": what.name in priors.remade(),
                "prior": [value(float(before.mean[i] + k * before.sd[i])) for k in (-1.645, 0.0, 1.645)],
                "posterior": [value(float(z)) for z in (low, middle, high)],
                "moved": round(float((own[:, i].mean() - before.mean[i]) / before.sd[i]), 2),
                "contraction": round(1.0 - float(own[:, i].std() / before.sd[i]), 2),
                "carried_by": carrier if wider[carrier] > 1.1 else "",
                "wider_without": {register: round(ratio, 2) for register, ratio in wider.items()},
            }
        )
    return out


def _pairs(fit: fitting.Fit) -> list[dict[str, Any]]:
    names = design.names()
    r = np.atleast_2d(np.corrcoef(fit.sample.z.T))
    found = [
        {
            "first": names[fit.emulator.followed[i]],
            "second": names[fit.emulator.followed[j]],
            "r": round(float(r[i, j]), 2),
        }
        for i in range(len(r))
        for j in range(i + 1, len(r))
        if abs(r[i, j]) >= TRADE_OFF
    ]
    return sorted(found, key=lambda row: -abs(row["r"]))


def _left_out(alone: checks.LeftOut) -> dict[str, Any]:
    own, low, high = alone.spread()
    return {
        "spread": [round(own, 2), round(low, 2), round(high, 2)],
        "evenness": round(alone.evenness(), 3),
        "inside_50": round(float((np.abs(alone.pit - 0.5) < 0.25).mean()), 2),
        "inside_90": round(float((np.abs(alone.pit - 0.5) < 0.45).mean()), 2),
        "sampled_again": alone.refitted,
    }


def _targets(fit: fitting.Fit, centre: checks.Centre | None, alone: checks.LeftOut) -> list[dict[str, Any]]:
    mean, spread = fitting.predicted(fit)
    effective = checks.effective_errors(fit, centre)
    far = None if centre is None else centre.distance(fit)
    out = []
    for i, target in enumerate(fit.targets):
        ends = counts.back(np.array([mean[i] + k * spread[i] for k in (-1.645, 0.0, 1.645)])[:, None], [target])[:, 0]
        prior = fit.evidence.y[~fit.evidence.near, i]
        out.append(
            {
                "id": target.id,
                "block": target.block or target.register,
                "observed": target.value,
                "fitted": [round(float(x), 1) for x in ends],
                "distance": round(float((fit.observed[i] - mean[i]) / spread[i]), 2),
                "explained": round(float(fit.emulator.explained[i]), 2),
                "inside_prior_90": bool(np.quantile(prior, 0.05) <= fit.observed[i] <= np.quantile(prior, 0.95)),
                "left_out": round(float(alone.z[i]), 2),
                "full_scale": None if centre is None else round(float(counts.back(centre.mean, fit.targets)[i]), 1),
                "full_scale_distance": None if far is None else round(float(far[i]), 2),
                "errors": {name: None if x is None else round(float(x[i]), 3) for name, x in effective.items()},
            }
        )
    return out


def _twice(fit: fitting.Fit) -> dict[str, Any]:
    """How much rests on priors that were made again without the counts: what moves when they are twice as wide."""
    names, own, other = design.names(), fit.sample.z, fitting.with_wider_priors(fit).z
    moved = (other.mean(axis=0) - own.mean(axis=0)) / np.maximum(own.std(axis=0), 1e-9)
    wider = other.std(axis=0) / np.maximum(own.std(axis=0), 1e-9)
    widened = np.isin(fit.emulator.followed, design.widened())
    order = np.argsort(-np.abs(moved))[:5]
    return {
        "parameters": int(widened.sum()),
        "farthest": [[names[fit.emulator.followed[i]], round(float(moved[i]), 2)] for i in order],
        "within_half": round(float((np.abs(moved) < 0.5).mean()), 2),
        "wider": round(float(np.median(wider[widened])), 2),
        "wider_others": round(float(np.median(wider[~widened])), 2) if (~widened).any() else 1.0,
    }


def _soft(fit: fitting.Fit) -> list[dict[str, Any]]:
    """What each soft target moves: the fit without it against the fit with it, in posterior standard deviations."""
    names, own = design.names(), fit.sample.z
    out = []
    for i in np.flatnonzero([isinstance(target, SoftTarget) for target in fit.targets]).tolist():
        rest = np.delete(np.arange(len(fit.targets)), i)
        without = fitting.refit(fit, rest, fit.settings.seed + 700 + i).z
        moved = (own.mean(axis=0) - without.mean(axis=0)) / np.maximum(without.std(axis=0), 1e-9)
        narrower = 1.0 - own.std(axis=0) / np.maximum(without.std(axis=0), 1e-9)
        order = np.argsort(-np.abs(moved))[:3]
        out.append(
            {
                "id": fit.targets[i].id,
                "moves": [[names[fit.emulator.followed[k]], round(float(moved[k]), 2)] for k in order],
                "narrows_most": round(float(narrower.max()), 2),
            }
        )
    return out


def _coverage(fit: fitting.Fit) -> dict[str, float]:
    mean, spread = fitting.predicted(fit)
    far = np.abs(fit.observed - mean) / spread
    return {"50": round(float((far < 0.6745).mean()), 2), "90": round(float((far < 1.645).mean()), 2)}


def _recovery(found: recovery.Recovery) -> dict[str, Any]:
    names = design.names()
    statistic, chance = found.uniformity()
    histogram, _ = np.histogram(found.ranks, bins=10, range=(0.0, 1.0))
    truths = len(found.ranks)
    # Truths are independent, parameters of one truth are not: the error of the mean coverage is over truths.
    inside = recovery.inside(found.ranks, 0.9).mean(axis=1)
    return {
        "truths": truths,
        "parameters": len(found.columns),
        "coverage_50": round(float(found.coverage(0.5).mean()), 3),
        "coverage_90": round(float(found.coverage(0.9).mean()), 3),
        "coverage_90_error": round(float(inside.std() / np.sqrt(truths)), 3),
        "worst_90": sorted(
            ([names[c], round(float(x), 2)] for c, x in zip(found.columns, found.coverage(0.9), strict=True)),
            key=lambda row: row[1],
        )[:5],
        "rank_histogram": histogram.tolist(),
        "unevenness": [round(statistic, 1), round(chance, 3)],
        "band_90": [round(x, 3) for x in found.band(checks.BAND)],
        "thirds_90": [[round(x, 3) for x in third] for third in found.thirds(checks.BAND)],
        "outside_band": [names[i] for i in found.outside(checks.BAND)],
        "mean_contraction": round(1.0 - float(found.narrower.mean()), 2),
    }


def second_method(fit: fitting.Fit) -> dict[str, Any]:
    """What a second method finds with the same trials, as plain numbers.

    Args:
        fit: A finished fit.

    Raises:
        ModuleNotFoundError: If the packages it needs are not installed (`neural.missing`).
    """
    all_, followed = fit.evidence, fit.emulator.followed
    chosen = ~all_.coarse
    found = neural.find(
        all_.z[chosen][:, followed], all_.y[chosen], fit.observed, fit.errors, fit.prior, seed=fit.settings.seed
    )
    names, own, apart = design.names(), fit.sample.z.std(axis=0), neural.apart(found, fit.sample.z)
    return {
        "trials": found.trials,
        "loss": [round(found.loss, 3), round(found.alone, 2)],
        "tarp": [np.histogram(found.tarp, bins=10, range=(0.0, 1.0))[0].tolist(), round(found.tarp_chance, 3)],
        "classifier": round(found.classifier_chance, 2),
        "width": [round(float(x), 2) for x in np.quantile(found.sd / own, [0.05, 0.5, 0.95])],
        "within_one": round(float((np.abs(apart) < 1.0).mean()), 2),
        "parameters": {
            names[column]: {
                "apart": round(float(apart[i]), 2),
                "contraction": round(1.0 - float(found.sd[i] / fit.prior.sd[i]), 2),
            }
            for i, column in enumerate(followed.tolist())
        },
    }


def parted(found: Mapping[str, Any]) -> list[str]:
    """Parameters in which a second method parts from the fit by a joint standard deviation or more."""
    return [name for name, one in found["second_method"]["parameters"].items() if abs(one["apart"]) >= PARTED]


# ---------------------------------------------------------------------------------------------------------
# docs/calibration.md

_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def shipped() -> dict[str, Any]:
    """What is known about the posterior that ships.

    Raises:
        FileNotFoundError: If none ships.
    """
    text = (Path(__file__).parents[2] / "data" / "posterior" / "report.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def filled(text: str, found: Mapping[str, Any]) -> str:
    """A document with its generated blocks rewritten.

    Raises:
        KeyError: If the document asks for an unknown block.
    """
    blocks = markdown(found)
    return _BLOCK.sub(lambda match: match[1] + blocks[match[2]] + match[4], text)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(filled(document.read_text(encoding="utf-8"), shipped()), encoding="utf-8", newline="\n")
