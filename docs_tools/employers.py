"""The picture of what employers' rules do to informal jobs, over the two numbers that no Norwegian count informs.

``python -m docs_tools.employers docs/pictures`` writes ``employers.png`` and ``employers.csv``. Every number comes from
the model's own `Employers`, all other parameters at the medians of their priors; nothing is simulated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from irregsim.model.draws import Draws
from irregsim.model.employers import Employers, job_share
from irregsim.model.parameters import parameter, point_draw
from irregsim.model.values import At, Values
from irregsim.present.plots.style import DPI, Drawing, footnote, new_figure, settings
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import month_number, month_text

if TYPE_CHECKING:
    from matplotlib.contour import ContourSet

FloatArray = npt.NDArray[np.float64]

#: Shipped scenarios that are compared with the baseline, and what the panels call them.
CHANGES: Final = {
    "fines-tripled": "Fines three times as high",
    "directive-without-complaint": "The directive without a complaint route",
    "directive-with-complaint": "The directive with a complaint route",
}
ELASTICITY: Final = "employer_elasticity"
PERCEIVED: Final = "perceived_inspection_ratio"
#: Points of each axis.
POINTS: Final = 17
#: Of the stored numbers.
DECIMALS: Final = 4
#: Shown part of each prior, as quantiles.
INSIDE: Final = (0.025, 0.975)
#: Borders of the shades: change of informal jobs, per cent.
LEVELS: Final = (-80, -60, -40, -30, -20, -10, -5, 0)


def quantiles(name: str) -> FloatArray:
    """Values of a parameter along its prior, evenly on the log scale, shape (points,)."""
    low, high = (parameter(name).quantile(u) for u in INSIDE)
    return np.geomspace(low, high, POINTS)


def jobs(at: At, elasticity: float, employers: Employers) -> float:
    """Jobs that employers offer, by the model's own functions."""
    under = At({**vars(at), ELASTICITY: elasticity})
    gain = under.wage_gap_nok * employers.gap_ratio
    cost = employers.expected_cost(under, employers.inspections(under), 1.0 / under.job_loss_hazard)
    return float(employers.jobs @ job_share(under, employers.reference_cost / gain, cost / gain))


def chance_a_year(at: At, employers: Employers) -> float:
    """Chance, as employers perceive it, that a job is found and ends in a sanction within a year; mean over jobs."""
    odds = employers.sanction_odds(at)
    monthly = employers.inspections(at) * odds / (1.0 + odds) * at.perceived_inspection_ratio
    return float(1.0 - np.exp(-12.0 * np.average(monthly, weights=employers.jobs)))


def surface() -> pd.DataFrame:
    """Change of informal jobs by scenario, elasticity and perceived chance.

    Returns:
        Columns ``scenario``, ``month``, ``elasticity``, ``perceived_ratio``, ``perceived_chance`` (per job and year, 0
        to 1) and ``change`` (relative to the baseline's rules in that month, -1 to 0).
    """
    rows = []
    for name in CHANGES:
        scenario = load_scenario(name)
        assert scenario.parent_levers is not None
        first = scenario.levers.first_difference(scenario.parent_levers)
        assert first is not None
        month = max(first, month_number("2019-06"))
        for ratio in quantiles(PERCEIVED):
            draw = {**point_draw(), PERCEIVED: float(ratio)}
            sides = [Values(levers, draw) for levers in (scenario.parent_levers, scenario.levers)]
            employers = Employers(Draws(1, 0), sides[0].at(0))
            before, after = (side.at(month) for side in sides)
            chance = chance_a_year(before, employers)
            rows += [
                (
                    name,
                    month_text(month),
                    e,
                    ratio,
                    chance,
                    jobs(after, e, employers) / jobs(before, e, employers) - 1.0,
                )
                for e in quantiles(ELASTICITY).tolist()
            ]
    names = ["scenario", "month", "elasticity", "perceived_ratio", "perceived_chance", "change"]
    return pd.DataFrame(rows, columns=names)


def label_places(lines: ContourSet, x: FloatArray, y: FloatArray) -> list[tuple[float, float]]:
    """Where each line has its label: near three quarters of the axis, clear of the circle and of the edges."""
    wanted, inside = np.log(x.min()) + 0.75 * np.log(x.max() / x.min()), (1.1 * y.min(), y.max() / 1.1)
    right = x.max() / 1.15
    found = []
    for path in lines.get_paths():
        line = np.asarray(path.vertices, dtype=np.float64)
        line = line[(line[:, 1] > inside[0]) & (line[:, 1] < inside[1]) & (line[:, 0] < right)]
        if len(line):
            place = line[np.abs(np.log(line[:, 0]) - wanted).argmin()]
            found.append((float(place[0]), float(place[1])))
    return found


def draw(data: pd.DataFrame) -> Drawing:
    """The picture: a panel for each scenario, shades of grey with a labelled line at every border."""
    medians = parameter(ELASTICITY).median, parameter(PERCEIVED).median
    change = data.loc[data["scenario"] == "directive-with-complaint", "change"].to_numpy()
    least, most = -100.0 * change.max(), -100.0 * change.min()
    title = (
        f"The directive with a complaint route takes away {least:.0f} to {most:.0f} % of informal jobs:\n"
        "how many depends on two numbers that nobody has counted in Norway"
    )
    with settings():
        figure = new_figure((12.0, 5.6))
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        panels = figure.subplots(1, len(CHANGES), sharey=True)
        for axes, (name, words) in zip(panels, CHANGES.items(), strict=True):
            one = data[data["scenario"] == name]
            grid = one.pivot(index="elasticity", columns="perceived_chance", values="change")
            x, y, z = 100.0 * grid.columns.to_numpy(), grid.index.to_numpy(), 100.0 * grid.to_numpy()
            axes.contourf(x, y, z, levels=(-100, *LEVELS), cmap="gray", vmin=-110, vmax=10)
            lines = axes.contour(x, y, z, levels=LEVELS[:-1], colors="black", linewidths=0.9, linestyles="solid")
            labels = axes.clabel(
                lines, fmt=lambda value: f"−{abs(value):.0f} %", fontsize=11, manual=label_places(lines, x, y)
            )
            for text in labels:
                text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.0})
            at_median = 100.0 * float(np.interp(medians[1], one["perceived_ratio"].unique(), grid.columns))
            axes.plot(
                at_median,
                medians[0],
                "o",
                color="black",
                zorder=20,
                markerfacecolor="white",
                markersize=9,
                markeredgewidth=2,
            )
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xticks([t for t in (0.5, 1, 2, 5, 10, 20, 50) if x.min() <= t <= x.max()])
            axes.set_yticks([0.5, 1, 2, 3])
            axes.minorticks_off()
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.set_title(words, fontsize=12)
            axes.grid(visible=False)
        panels[0].set_ylabel("Elasticity of jobs to what is left of the gain")
        panels[1].set_xlabel("Perceived chance that a job is found and the employer sanctioned, per year")
        footnote(
            figure,
            [
                "Lines: change of informal jobs at employers in the first month of the rules. Both axes span 95 % of "
                "the prior; the circle is its median. All other parameters at their medians.",
            ],
        )
    return Drawing(figure, data, title.replace("\n", " "))


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the picture and its numbers.

    Args:
        arguments: Of the command line; None: those of the process.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m docs_tools.employers", description=__doc__)
    parser.add_argument("folder", type=Path, help="such as docs/pictures")
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    drawing = draw(surface())
    with settings():
        about = {"Software": None, "Title": "employers", "Description": drawing.alt}
        drawing.figure.savefig(folder / "employers.png", dpi=DPI, metadata=about)
    drawing.data.round(DECIMALS).to_csv(folder / "employers.csv", index=False, lineterminator="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
