"""Numbers of a finished run or comparison as one table on the screen: one outcome, year, city or group.

Only what may be published is shown: what no register counts is an index or percent, small cells are suppressed, and
levels of the hidden population are shown on request only, as an interval with its sentence (docs/outputs.md).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from irregsim.present.export import Published, levels, rounded
from irregsim.present.publication.effects import published
from irregsim.present.terminal import table
from irregsim.present.words import effect_text, outcome_words, series_words, state_words, verdict_words
from irregsim.storage.folder import RunFolder
from irregsim.study.comparison.key_figures import DIMENSIONS
from irregsim.study.comparison.series import is_averaged
from irregsim.study.summaries import Series, dense, published_summary, spread
from irregsim.vocabulary.codes import CITIES
from irregsim.vocabulary.disclosure import kind_of
from irregsim.vocabulary.labels import LANGUAGES, Words, label, labels
from irregsim.vocabulary.numbers import number, plain, rounded_text

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS: Final = ("mean", "q025", "q975")


class NothingThere(ValueError):
    """What was asked for is not in the tables; the message says what is."""


@dataclass(frozen=True)
class Asked:
    """What is to be shown; empty for all.

    Attributes:
        outcomes: Codes (``exit:videre``), ends of codes (``videre``) or parts of their words.
        years: Years.
        city: One of `CITIES`.
        group: A dimension of `DIMENSIONS`, or one group of it, such as ``sex=female``.
        scenarios: Of a comparison, names of scenarios.
        lang: Language.
    """

    outcomes: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    city: str | None = None
    group: str | None = None
    scenarios: tuple[str, ...] = ()
    lang: str = "en"

    def faults(self) -> list[str]:
        """What cannot be asked, a line each."""
        found = []
        if self.city is not None and self.city not in CITIES:
            found.append(f"--city {self.city}: must be one of {', '.join(CITIES)}")
        if self.city is not None and self.group is not None:
            found.append("--city, --group: give only one of them; no table has both")
        dimension, _, group = (self.group or "").partition("=")
        if self.group is not None and dimension not in DIMENSIONS:
            found.append(f"--group {self.group}: must be one of {', '.join(DIMENSIONS)}, or a group such as sex=female")
        elif group and _group_key(dimension, group) not in labels():
            known = [key.partition(".")[2] for key in labels() if key.startswith(_group_key(dimension, ""))]
            found.append(f"--group {self.group}: must be {dimension}= one of {', '.join(known)}")
        return found


def _group_key(dimension: str, group: str) -> str:
    return f"{dimension.removesuffix('_group') if dimension == 'feasibility_group' else dimension}.{group}"


def words_of(outcome: str, lang: str) -> str:
    """An outcome of a run or a comparison in words; the code itself where it has none."""
    kind, _, rest = outcome.partition(":")
    if kind == "register" and rest.count(":") == 2:
        parts = rest.split(":")
        try:
            return series_words(*parts, lang)  # type: ignore[call-arg]
        except KeyError:
            return outcome
    return outcome_words(outcome, lang)


def chosen(known: Iterable[str], asked: Sequence[str]) -> list[str]:
    """The outcomes that somebody means, in the order of the table.

    Args:
        known: Codes that there are.
        asked: As `Asked.outcomes`, in any language; empty for all.

    Raises:
        NothingThere: If one of them is none; the message names the nearest.
    """
    known = list(dict.fromkeys(known))
    if not asked:
        return known
    found: set[str] = set()
    for text in asked:
        exact = [code for code in known if text in (code, code.partition(":")[2])]
        lower = text.lower()
        mine = exact or [code for code in known if any(lower in words_of(code, one).lower() for one in LANGUAGES)]
        if not mine:
            names = {name.lower(): code for code in known for name in (code, code.partition(":")[2])}
            near = [names[one] for one in difflib.get_close_matches(lower, names, n=3)]
            hint = f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else f"such as {', '.join(known[:5])}"
            raise NothingThere(f"--outcome {text}: there is no such outcome here ({hint})")
        found.update(mine)
    return [code for code in known if code in found]


# ---------------------------------------------------------------------------------------------------------
# A run


def run_text(folder: RunFolder, asked: Asked, *, show_levels: bool = False) -> str:
    """Numbers of a run: mean over replicates and the interval of 95 % of them, year by year.

    Args:
        folder: The run.
        asked: What to show.
        show_levels: Whether levels of the hidden population follow, as intervals, for the whole country.

    Raises:
        NothingThere: If there is nothing of what is asked.
    """
    import pandas as pd

    words = Words(asked.lang, "show")
    if asked.city is not None:
        frame = _summed(folder, lambda one, j: _of_city(one, j, str(asked.city)))
    elif asked.group is not None:
        frame = _summed(folder, lambda one, j: _of_group(one, j, str(asked.group)))
    else:
        draws = [int(draw) for draw in folder.draws()["draw"]]
        series = [Series.of(_reading(folder, j)) for j in range(folder.replicates)]
        frame = rounded(published_summary(series, draws), list(_NUMBERS)).assign(group="")
    wanted = chosen(frame["outcome"], asked.outcomes)
    frame = frame[frame["outcome"].isin(wanted)]
    periods = sorted(frame["period"].unique())
    if asked.years:
        frame = frame[[str(period)[:4] in map(str, asked.years) for period in frame["period"]]]
        if frame.empty:
            raise NothingThere(f"--year: there is nothing of {asked.years[0]} here; there is {', '.join(periods)}")
    heads = [words("outcome"), *([words("group")] if asked.group else []), words("period"), words("mean")]
    rows = [[*heads, words("interval"), words("unit")]]
    order = {code: place for place, code in enumerate(wanted)}
    frame = frame.assign(_place=frame["outcome"].map(order)).sort_values(["_place", "group", "period"], kind="stable")
    for row in frame.to_dict("records"):
        cells = [words_of(row["outcome"], asked.lang), *([_group_words(row["group"], asked)] if asked.group else [])]
        if row["suppressed"]:
            numbers = [label("compare.under_five", asked.lang), ""]
        elif pd.isna(row["mean"]):
            numbers = ["-", ""]
        else:
            mean, low, high = (_number(row[name], row["unit"], asked.lang) for name in _NUMBERS)
            numbers = [mean, words("to", low=low, high=high)]
        rows.append([*cells, str(row["period"]), *numbers, _unit(row["unit"], asked.lang)])
    lines = [_heading(folder, asked), table(rows, left=3 if asked.group else 2)]
    if (frame["unit"] == "index").any():
        lines.append(words("index"))
    if show_levels:
        lines += ["", _levels(folder, asked.lang)]
    return "\n".join(lines)


def _reading(folder: RunFolder, replicate: int) -> Callable[[str, Sequence[str]], pd.DataFrame]:
    return lambda name, columns: folder.replicate(name, replicate, columns)


def _heading(folder: RunFolder, asked: Asked) -> str:
    about = folder.manifest
    place = f", {asked.city}" if asked.city else ""
    text = Words(asked.lang, "show")("of_run", name=about["scenario"]["name"], n=folder.replicates, place=place)
    scale = float(about["scale"])
    return "\n".join([text, *_scale_words(scale, asked.lang)])


def _summed(folder: RunFolder, rows_of: Callable[[Published, int], pd.DataFrame]) -> pd.DataFrame:
    """Spread over replicates of some rows of each, as they may be published.

    Args:
        folder: The run.
        rows_of: Rows of a replicate: ``outcome``, ``group``, ``period``, ``unit``, ``value`` and ``persons``.
    """
    keys = ["outcome", "group", "period", "unit"]
    tables = [rows_of(Published(folder), j) for j in range(folder.replicates)]
    found, values = dense(tables, keys, "value")
    persons = dense(tables, keys, "persons")[1].mean(axis=-1)
    return rounded(found.assign(**spread(values), persons=persons), list(_NUMBERS))


def _of_city(source: Published, replicate: int, city: str) -> pd.DataFrame:
    """Stocks at the ends of years, and outcomes by year, in a city."""
    import pandas as pd

    stocks = source.replicate("stocks", replicate)
    months = stocks["month"].astype(str)
    at_end = months.str.endswith("-12") | (months == months.max())
    stocks = stocks[at_end & (stocks["city"] == city)]
    stocks = stocks.assign(outcome="stock:" + stocks["strategy"].astype(str), period=stocks["month"].astype(str))
    outcomes = source.replicate("outcomes", replicate)
    outcomes = outcomes[outcomes["city"] == city]
    years = outcomes["month"].astype(str).str[:4]
    lived = outcomes.assign(outcome="outcome:" + outcomes["outcome"].astype(str), period=years)
    # An index of a year is the mean of its months, and a count their sum.
    in_year = years.map(outcomes["month"].astype(str).groupby(years).nunique())
    lived["value"] = lived["value"].where(lived["unit"] != "index", lived["value"] / in_year)
    return _grouped(pd.concat([_plain(stocks), _plain(lived)], ignore_index=True).assign(group=""))


def _of_group(source: Published, replicate: int, group: str) -> pd.DataFrame:
    """Person-months by year and strategy in the groups of a dimension, or in one of them."""
    dimension, _, name = group.partition("=")
    frame = source.replicate("groups", replicate)
    frame = frame.assign(
        group=frame[dimension].astype(str).str.lower(),
        outcome="person_months:" + frame["strategy"].astype(str),
        period=frame["year"].astype(str),
    )
    return _grouped(frame[frame["group"] == name] if name else frame)


def _scale_words(scale: float, lang: str) -> list[str]:
    """What must be known of a population that is not the country's."""
    return [Words(lang, "show")("scale", scale=plain(f"{scale:g}", lang))] if scale != 1.0 else []


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["outcome", "period", "unit", "value", "persons"]]


def _grouped(frame: pd.DataFrame) -> pd.DataFrame:
    keys = ["outcome", "group", "period", "unit"]
    sums = frame.astype(dict.fromkeys(keys, str)).groupby(keys, sort=False)[["value", "persons"]]
    out: pd.DataFrame = sums.sum(min_count=1).reset_index()
    return out


def _levels(folder: RunFolder, lang: str) -> str:
    words = Words(lang, "show")
    rows = [[words("outcome"), words("period"), words("interval"), words("unit")]]
    for row in levels(folder).to_dict("records"):
        name = state_words(row["strategy"], lang) if row["strategy"] != "all_hidden" else label("compare.hidden", lang)
        ends = [_number(row[end], "persons", lang) for end in ("q025", "q975")]
        rows.append([name, row["month"], words("to", low=ends[0], high=ends[1]), _unit("persons", lang)])
    return f"{table(rows, left=2)}\n{label('sentence.hidden_levels', lang)}"


# ---------------------------------------------------------------------------------------------------------
# A comparison


def comparison_text(frames: Mapping[str, pd.DataFrame], about: Mapping[str, Any], asked: Asked) -> str:
    """Effects of a comparison, paired with the reference: over the time since the change, or at the end of years.

    Args:
        frames: Its exact tables ``key_figures``, ``differences``, ``cities`` and ``groups``.
        about: Its manifest.
        asked: What to show.

    Raises:
        NothingThere: If there is nothing of what is asked.
    """
    figures = frames["key_figures"]
    units = dict(zip(figures["outcome"].astype(str), figures["unit"].astype(str), strict=True))
    name = "cities" if asked.city else "groups" if asked.group else "differences" if asked.years else "key_figures"
    if asked.years and name != "differences":
        raise NothingThere("--year: effects by city and group are over the whole time since the change; leave it out")
    # Beside the key figures, in which persons behind amounts are looked for.
    frame = published({"key_figures": figures, name: frames[name]}, units)[name]
    if wrong := [one for one in asked.scenarios if one not in set(frame["scenario"])]:
        there = ", ".join(dict.fromkeys(frame["scenario"].astype(str)))
        raise NothingThere(f"--scenario {wrong[0]}: is not compared here; the scenarios are {there}")
    if asked.scenarios:
        frame = frame[frame["scenario"].isin(asked.scenarios)]
    if asked.city:
        frame = frame[frame["city"] == asked.city]
    if asked.group:
        dimension, _, group = asked.group.partition("=")
        frame = frame[(frame["dimension"] == dimension) & (not group or frame["group"] == group)]
    frame = frame[frame["outcome"].isin(units)] if name == "differences" else frame
    frame = frame[frame["outcome"].isin(chosen(frame["outcome"].astype(str), asked.outcomes))]
    if asked.years:
        frame = frame[[month in {f"{year}-12" for year in asked.years} for month in frame["month"].astype(str)]]
    if frame.empty:
        raise NothingThere("nothing of what is asked is in the tables; without options all there is is shown")
    return _effects(frame, figures, about, asked)


def _effects(frame: pd.DataFrame, figures: pd.DataFrame, about: Mapping[str, Any], asked: Asked) -> str:
    words, lang = Words(asked.lang, "show"), asked.lang
    since = dict(zip(figures["scenario"], figures["since"].astype(str), strict=True))
    several = frame["scenario"].nunique() > 1
    heads = [*([words("scenario")] if several else []), words("outcome"), *([words("group")] if asked.group else [])]
    rows = [[*heads, words("effect"), words("unit"), words("period"), *([] if asked.years else [words("direction")])]]
    for found in frame.to_dict("records"):
        row = {str(key): value for key, value in found.items()}
        cells = [str(row["scenario"])] if several else []
        cells.append(words_of(str(row["outcome"]), lang))
        if asked.group:
            cells.append(_group_words(str(row["group"]), asked))
        if asked.years:
            begun = since[row["scenario"]]
            total = not is_averaged(str(row["outcome"]))
            mean, lo, hi = (float(row[f"cumulative_{one}" if total else one]) for one in ("mean", "lo", "hi"))
            text = "-" if mean + lo + hi != mean + lo + hi else rounded_text(mean, lo, hi, str(row["unit"]), lang)
            when = words("sum_to" if total else "at_end", since=begun, month=row["month"])
        else:
            text = effect_text(row, lang)
            when = f"{label('compare.how_' + row['kind'], lang)} {row['since']} - {row['to']}"
        cells.append(label("compare.under_five", lang) if row["suppressed"] else text)
        cells += [_unit(str(row["unit"]), lang), when]
        if not asked.years:
            cells.append("" if row["suppressed"] else verdict_words(row, lang))
        rows.append(cells)
    place = f", {asked.city}" if asked.city else ""
    names = ", ".join(dict.fromkeys(frame["scenario"].astype(str)))
    head = words("of_comparison", names=names, reference=about["reference"], n=about["replicates"], place=place)
    scale = float(about["scale"])
    lines = [head, *_scale_words(scale, asked.lang), table(rows, left=len(rows[0]))]
    if (frame["unit"] == "percent").any():
        lines.append(words("percent"))
    return "\n".join(lines)


def _group_words(group: str, asked: Asked) -> str:
    key = _group_key(str(asked.group).partition("=")[0], group)
    return label(key, asked.lang) if key in labels() else group


def _unit(unit: str, lang: str) -> str:
    return label(f"unit.{unit}", lang) if f"unit.{unit}" in labels() else unit


def _number(value: float, unit: str, lang: str) -> str:
    return number(value, lang, decimals=kind_of(unit).decimals or 0)
