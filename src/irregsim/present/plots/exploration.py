"""The picture of a study: every point along what matters most to each policy's effect, and where the effect turns."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from irregsim.model.parameters import parameter
from irregsim.present.exploration import axis_value, choice_words, finding, quoted_title, records
from irregsim.present.plots.saving import save
from irregsim.present.plots.style import INK, MODEL, SHADE, Drawing, footnote, new_figure, settings
from irregsim.present.sensitivity import axis_name, percent_of
from irregsim.present.words import outcome_words, upper
from irregsim.study.exploration.design import Axis, Study
from irregsim.study.exploration.flips import mean_curve
from irregsim.study.exploration.tables import OWN
from irregsim.vocabulary.labels import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Panels side by side.
_ACROSS = 3


def draw_outcome(
    frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], study: Study, outcome: str, lang: str
) -> Drawing:
    """A panel for each policy: the effect in every point along the axis that most of it goes with.

    Args:
        frames: Tables of the study.
        about: What ``explore.json`` says.
        study: The study.
        outcome: Of which every policy has effects.
        lang: Language.

    Returns:
        The drawing; its data has ``policy``, ``axis``, ``point``, ``value``, ``effect`` and ``turned``.
    """
    import pandas as pd

    say = Words(lang, "explore")
    title = say("picture", outcome=upper(outcome_words(outcome, lang)))
    rows = []
    with settings():
        figure = new_figure()
        # The empty line is the legend's.
        figure.suptitle("\n".join([*textwrap.wrap(title, 100), ""]), x=0.01, ha="left")
        across = min(_ACROSS, len(study.policies))
        panels = figure.subplots(-(-len(study.policies) // across), across, squeeze=False, sharey=True)
        for axes in panels.flat[len(study.policies) :]:
            axes.set_visible(False)
        for policy, axes in zip(study.policies, panels.flat, strict=False):
            rows.append(_panel(axes, frames, study, policy, outcome, lang))
            axes.set_title("\n".join(textwrap.wrap(quoted_title(policy, about, lang), 110 // across)))
        for axes in panels[:, 0]:
            axes.yaxis.set_major_formatter(lambda value, _: percent_of(value, lang))
        figure.supylabel(say("axis"), fontsize=11)
        shown: dict[str, Any] = {}
        for axes in panels.flat:
            shown = {text: mark for mark, text in zip(*axes.get_legend_handles_labels(), strict=True)} | shown
        figure.legend(shown.values(), shown.keys(), loc="upper left", bbox_to_anchor=(0.0, 0.955), ncols=4, fontsize=9)
        reference = quoted_title(str(about["reference"]), about, lang)
        name = str(about["title"].get(lang) or about["name"])
        footnote(figure, [say("heading", title=name, points=about["points"], reference=reference), say("units")])
    said = [line for policy in study.policies for line in finding(frames, about, policy, outcome, lang)[:2]]
    return Drawing(figure, pd.concat(rows, ignore_index=True), " ".join([title, *said]))


def _panel(
    axes: Axes, frames: Mapping[str, pd.DataFrame], study: Study, policy: str, outcome: str, lang: str
) -> pd.DataFrame:
    import pandas as pd

    say = Words(lang, "explore")
    told = records(frames["thresholds"], policy=policy, outcome=outcome)
    most = max(told, key=lambda row: float(row["share"]))
    name = str(most["name"])
    place = next(i for i, axis in enumerate(study.axes) if axis.name == name)
    axis, values = study.axes[place], study.design[:, place]
    mine = frames["points"]
    mine = mine[mine["policy"] == policy]
    effect = mine[f"effect:{outcome}"].to_numpy(dtype="float64")
    mean = float(records(frames["effects"], policy=policy, outcome=outcome)[0]["mean"])
    turned = effect * mean < 0.0
    # Points of one choice side by side, in the order of their numbers.
    x = values + (0.5 * (np.arange(len(values)) + 0.5) / len(values) - 0.25 if axis.choices else 0.0)
    half = 0.5 if axis.choices else 0.0
    ends = (axis.low - half, axis.high + half)
    for row in records(frames["turns"], policy=policy, outcome=outcome):
        if row["name"] == name and row["is_clear"] and row["searched"] == OWN:
            low, high = max(float(row["low"]) - half, ends[0]), min(float(row["high"]) + half, ends[1])
            axes.axvspan(low, high, color=SHADE, zorder=0, label=say("box"))
    axes.axhline(0.0, color=INK, linewidth=1, zorder=1)
    axes.plot(x[~turned], effect[~turned], "o", color=MODEL, markersize=4, alpha=0.7, zorder=2, label=say("point"))
    shown: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markersize": 5, "zorder": 3}
    axes.plot(x[turned], effect[turned], "o", label=say("turned"), **shown)
    if axis.choices:
        axes.set_xticks(range(len(axis.choices)), [choice_words(name, one, lang) for one in axis.names])
    else:
        along = np.linspace(axis.low, axis.high, 101)
        if most["stands_out"]:
            curve = mean_curve(values, effect, axis.low, axis.high, along)
            axes.plot(along, curve, color=INK, linewidth=2, zorder=4, label=say("curve"))
        axes.xaxis.set_major_formatter(lambda value, _: axis_value(name, value, lang))
        axes.locator_params(axis="x", nbins=5)
    axes.set_xlim(*ends)
    axes.set_xlabel("\n".join(textwrap.wrap(_meaning(axis, lang), 60)), fontsize=10)
    columns = {"policy": policy, "axis": name, "point": np.arange(len(x)), "value": values}
    return pd.DataFrame({**columns, "effect": effect, "turned": turned})


def _meaning(axis: Axis, lang: str) -> str:
    """What is along a panel, with its unit if it has one."""
    if not axis.is_parameter:
        return axis_name(axis.name, lang)
    one = parameter(axis.name)
    return one.meaning if one.unit == "none" else f"{one.meaning} ({one.unit})"


def save_outcomes(
    frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], study: Study, folder: Path, lang: str
) -> list[str]:
    """A picture of each outcome of which every policy has effects, as PNG, SVG and CSV.

    Returns:
        Names of the files.
    """
    files = []
    for outcome in study.outcomes:
        if all(records(frames["effects"], policy=policy, outcome=outcome) for policy in study.policies):
            drawing = draw_outcome(frames, about, study, outcome, lang)
            files += save(drawing, folder, f"explore-{outcome.replace(':', '-')}", str(about["run_id"]))
    return files
