"""Text for a screen of any kind: aligned tables and the summary of a run. No colours, no box lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from irregsim.inference.check_words import check_words
from irregsim.present.words import series_words
from irregsim.study.replicates import caveat
from irregsim.study.summaries import LAST_OBSERVED_YEAR, hidden_index, hidden_shares, parameter_share
from irregsim.vocabulary.codes import EXITS, HIDDEN
from irregsim.vocabulary.disclosure import in_steps
from irregsim.vocabulary.knowledge import Knowledge, assumed_from, facts
from irregsim.vocabulary.labels import Words, label
from irregsim.vocabulary.numbers import plain

if TYPE_CHECKING:
    import pandas as pd

    from irregsim.study.summaries import Series

#: Years a summary shows, where the run has them; the last year of the run is always shown.
YEARS = (2012, 2019, 2020)

#: Returns of both kinds are shown together.
_FIRST = ("udi_return_duty_stock", "udi_expulsions", "pu_orders", "pu_returns_executed", "assisted_returns")


def table(rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = "  ") -> str:
    """Rows of text in columns: the first ones to the left, the others to the right.

    Args:
        rows: All of the same length; the first may be a heading.
        left: How many columns are set to the left.
        indent: Before every line.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


@dataclass(frozen=True)
class _Row:
    """One line of a block: what it counts, and what every replicate counted in each year that is shown.

    ``is_part`` is of a part of a whole: shown is the mean, since medians of parts do not add up to the whole.
    """

    words: str
    values: Sequence[Sequence[float]]
    form: str = "{:.0f}"
    is_part: bool = False


@dataclass(frozen=True)
class _Block:
    """Lines under one title.

    ``beside`` follows a number of the model, by line and year: the published count.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[_Row]
    beside: Sequence[Sequence[str]] | None = None

    def text(self) -> str:
        """Title and medians over replicates; of parts of a whole means."""
        beside = self.beside or [[""] * len(self.heads) for _ in self.rows]
        widths = [max(len(line[i]) for line in beside) for i in range(len(self.heads))]
        lines = [["", *(head + " " * width for head, width in zip(self.heads, widths, strict=True))]]
        for row, extra in zip(self.rows, beside, strict=True):
            middle = _mean if row.is_part else _median
            cells = (row.form.format(middle(values)) for values in row.values)
            lines.append([row.words, *(c + e.ljust(w) for c, e, w in zip(cells, extra, widths, strict=True))])
        return f"{self.title}\n{table(lines)}"


def run_summary(
    series: Sequence[Series],
    manifest: Mapping[str, Any],
    *,
    draws: Sequence[int] | None = None,
    show_levels: bool = False,
    lang: str = "en",
) -> str:
    """Summary of a run for the screen: medians over replicates for a few years.

    Hidden strategies are shown as an index and as shares, never in persons, unless ``show_levels``: then as an
    interval with the sentence that it depends on assumptions. With several replicates per draw a block shows which
    share of the variance comes from parameters.

    Args:
        series: The series of every replicate.
        manifest: The run's manifest.
        draws: Number of the parameter draw of every replicate; None where all have the same.
        show_levels: Whether levels of the hidden population were asked for.
        lang: Language.

    Returns:
        Lines of at most some 110 characters, without a final line break.
    """
    say = Words(lang, "screen")
    draws = [0] * len(series) if draws is None else draws
    ends = {int(m[:4]): m for m in series[0].stocks.index}  # the last month of each year
    years = [y for y in YEARS if y in ends and ends[y].endswith("-12")]
    last = max(ends)
    if last not in years:
        years.append(last)
    heads = [f"{year}*" if year > LAST_OBSERVED_YEAR else str(year) for year in years]
    months = [ends[year] for year in years]
    blocks = [
        _Block(
            say("centres_at_end"),
            heads,
            [
                _Row(
                    label("strategy.synlig", lang),
                    [[_cell(one.stocks, m, "synlig") for one in series] for m in months],
                )
            ],
        ),
        _hidden(series, months, heads, lang),
        _Block(
            say("ways_out"),
            heads,
            [
                _Row(label(f"exit.{code}", lang), [[_cell(one.flows, y, code) for one in series] for y in years])
                for code in EXITS
            ],
        ),
        _registers(series, years, heads, lang, is_country=manifest["scale"] == 1),
    ]
    texts = [block if isinstance(block, str) else block.text() for block in blocks]
    if show_levels:
        texts.insert(2, _levels(series, months, heads, lang))
    shares = _shares([block for block in blocks if not isinstance(block, str)], heads, draws, lang)
    notes, knowledge = [], Knowledge.of(manifest["scenario"])
    if last > LAST_OBSERVED_YEAR:
        first = LAST_OBSERVED_YEAR + 1
        years_after = str(last) if last == first else f"{first}-{last}"
        partly, wholly = assumed_from([knowledge])
        since = say("assumed_since", partly=partly, wholly=wholly) if partly != wholly else ""
        notes.append(say("assumed_years", years=years_after, since=since))
        unused = say("facts_left_out", names=", ".join(knowledge.without)) if knowledge.without else ""
        notes.append(say("dated_facts", month=knowledge.as_known, left_out=unused))
    notes.append(label("sentence.synthetic_persons", lang))
    notes += _words_on_draws(manifest, draws, lang, separated=bool(shares))
    if manifest["without"] or knowledge.without:
        left_out = [*manifest["without"], *knowledge.without]
        notes.append(say("left_out") + "\n" + claim_lines(left_out))
    if manifest["scale"] != 1:
        notes.append(say("scale", scale=plain(f"{manifest['scale']:g}", lang)))
    head = say(
        "head",
        name=manifest["scenario"]["name"],
        replicates=_number_of(len(series), "replicates", lang),
        seed=manifest["seed"],
        start=series[0].stocks.index[0],
        end=series[0].stocks.index[-1],
        run=manifest["run_id"],
    )
    middle = say("medians" if len(series) > 1 else "one_replicate")
    return "\n\n".join([head + "\n" + middle, *texts, *shares, "\n".join(notes)])


def _words_on_draws(manifest: Mapping[str, Any], draws: Sequence[int], lang: str, *, separated: bool) -> list[str]:
    """Where the parameters come from, what keeps them from being called calibrated, and what the spread contains."""
    say = Words(lang, "screen")
    source, red = manifest["draws"], (manifest["gate"] or {"red": []})["red"]
    used, lines = len(set(draws)), []
    why = caveat(source, red)
    if source == "posterior":
        lines.append(
            say("parameters_one" if used == 1 else "parameters_many", number=used, id=manifest["posterior_id"])
        )
    if why is not None:
        lines.append(label(why, lang))
    lines += [say("failed", line=check_words(line, lang)) for line in red]
    if len(draws) > 1 and not separated:
        key = "spread_random" if used == 1 else "spread_one_each" if used == len(draws) else "spread_mixed"
        lines.append(say(key).replace("|", "\n"))
    return lines


def _shares(blocks: Sequence[_Block], heads: Sequence[str], draws: Sequence[int], lang: str) -> list[str]:
    """The block on parameter uncertainty and random variation, or nothing where the draws do not separate them."""
    import numpy as np

    lines, found = [["", *heads]], False
    for block in blocks:
        lines.append([block.title.partition(",")[0].partition(":")[0], *([""] * len(heads))])
        for row in block.rows:
            cells = dict.fromkeys(heads, "-")
            for head, values in zip(block.heads, row.values, strict=True):
                share, error = parameter_share(np.asarray(values, dtype="float64"), draws)
                if np.isfinite(share):
                    found = True
                    cells[head] = f"{100 * share:.0f}" + (f" ±{100 * error:.0f}" if np.isfinite(error) else "")
            lines.append([f"  {row.words}", *cells.values()])
    if not found:
        return []
    used = len(set(draws))
    title = label("screen.shares", lang).format(draws=used, each=len(draws) // used).replace("|", "\n")
    return [f"{title}\n{table(lines)}"]


def claim_lines(ids: Sequence[str]) -> str:
    """Claims of the report, and facts of the baseline's history, in words, a line each."""
    from irregsim.model.claims import claims

    words = {**claims(), **{id_: fact.text for id_, fact in facts().items()}}
    return "\n".join(f"  {id_}  {words[id_]}" for id_ in ids)


def _number_of(n: int, what: str, lang: str) -> str:
    """A number of things, in the singular for one."""
    return label(f"screen.{what}_{'one' if n == 1 else 'many'}", lang).format(number=n)


def _cell(table: pd.DataFrame, row: str | int, column: str) -> float:
    return float(table[column].loc[row])


def _median(values: Sequence[float]) -> float:
    import numpy as np

    return float(np.median(np.asarray(values, dtype="float64")))


def _mean(values: Sequence[float]) -> float:
    import numpy as np

    return float(np.mean(np.asarray(values, dtype="float64")))


def _hidden(series: Sequence[Series], months: Sequence[str], heads: Sequence[str], lang: str) -> _Block:
    index = [hidden_index(one.stocks).sum(axis=1, min_count=1) for one in series]
    shares = [hidden_shares(one.stocks) for one in series]
    rows = [_Row(label("screen.total_index", lang), [[float(i[m]) for i in index] for m in months])]
    for code in HIDDEN:
        rows.append(
            _Row(
                label(f"strategy.{code}", lang),
                [[_cell(s, m, code) for s in shares] for m in months],
                "{:.0f} %",
                is_part=True,
            )
        )
    return _Block(label("screen.outside", lang), heads, rows)


def _levels(series: Sequence[Series], months: Sequence[str], heads: Sequence[str], lang: str) -> str:
    import numpy as np

    lines = [["", *heads]]
    for code in (*HIDDEN, None):
        name = label("screen.all_outside", lang) if code is None else label(f"strategy.{code}", lang)
        chosen = list(HIDDEN) if code is None else [code]
        cells = []
        for month in months:
            low, high = np.quantile([one.stocks.loc[month, chosen].sum() for one in series], [0.025, 0.975])
            cells.append(f"{in_steps(low):.0f}-{in_steps(high):.0f}")
        lines.append([name, *cells])
    return f"{label('screen.levels', lang)}\n{table(lines)}\n  {label('sentence.hidden_levels', lang)}"


def _registers(
    series: Sequence[Series], years: Sequence[int], heads: Sequence[str], lang: str, *, is_country: bool
) -> _Block | str:
    """Counts of the registers; the published ones beside them only where the run is of the whole country."""
    from irregsim.inference.targets import targets
    from irregsim.model.registers import REGISTERS, shown_series

    published = {
        (t.register, t.dimension, t.key, t.period): t.value
        for t in targets()
        if is_country and t.use == "primary" and "percent" not in t.unit
    }
    # A register counts whole years; one that the period does not fill is not shown as zero.
    counted = {str(period)[:4] for one in series for period in one.registers["period"].unique()}
    whole = [(year, head) for year, head in zip(years, heads, strict=True) if str(year) in counted]
    if not whole:
        return label("screen.no_whole_year", lang)
    years, heads = [year for year, _ in whole], [head for _, head in whole]
    rows, beside = [], []
    stocks = {register.name for register in REGISTERS if register.is_stock}
    for register, dimension, key in shown_series(_FIRST):
        name = f"register:{register}:{dimension}:{key}"
        counts = [one.registers[one.registers["outcome"] == name].set_index("period")["value"] for one in series]
        periods = [f"{year}-12" if register in stocks else str(year) for year in years]
        seen = [published.get((register, dimension, key, period)) for period in periods]
        words = series_words(register, dimension, key, lang)
        rows.append(_Row(words, [[float(count.get(period, 0)) for count in counts] for period in periods]))
        beside.append(["" if value is None else f" ({value:.0f})" for value in seen])
    return _Block(label("screen.registers" if is_country else "screen.registers_trial", lang), heads, rows, beside)
