"""The uncertain quantities: the parameters of the model with their priors, grades, sources and reasons.

Everything comes from ``data/parameters.csv``; no number of the model is in the code. A row says what the
parameter means, its prior, how well founded it is, which claims of the report use it (their paraphrases
are in ``data/report/mechanisms.csv``), and which published figure its prior was made from,
so that no figure is used twice in a fit.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

from irregsim.model.walks import WALKING, walk_parameter
from irregsim.vocabulary.labels import Words, label
from irregsim.vocabulary.reference import DataError, read_table

COLUMNS: Final = (
    "name",
    "meaning",
    "unit",
    "distribution",
    "p1",
    "p2",
    "low",
    "high",
    "evidence_grade",
    "source",
    "mechanisms",
    "note",
    "status",
    "derived_from",
    "group",
)

#: What ``p1`` and ``p2`` are, by distribution.
DISTRIBUTIONS: Final[dict[str, str]] = {
    "lognormal": "median, sd of the logarithm",
    "logitnormal": "median, sd on the logit scale",
    "normal": "mean, sd",
    "beta": "a, b",
    "uniform": "lowest, highest",
    "fixed": "the value; p2 is empty",
}

#: Evidence grades, strongest first; `labels` says what each means.
GRADES: Final = ("A", "B", "C", "D")

#: What becomes of a parameter in calibration; `labels` says it in words.
STATUSES: Final = ("calibrate", "prior", "fixed")

#: What a parameter is about, in the order that tables show. Evidence for a finding is given by these groups.
GROUPS: Final = (
    "who comes, and who they are",
    "ties and moves",
    "street-level discretion",
    "reception",
    "labour market",
    "support and the margins",
    "choice from free fall",
    "control and tracks",
    "exits",
    "needs and services",
    "learning",
    "drivers: inflow, effort, feasibility",
    "registers",
)


#: Parameters of what follows the last published count: facts (`irregsim.vocabulary.knowledge`), and drivers that go on.
AFTER_FIT: Final = frozenset(
    {"appeal_capacity_log_growth", "entry_exit_detection_ratio", *(walk_parameter(driver) for driver in WALKING)}
)

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_CODE: Final = re.compile(r"\b([TXD]\d\d)\b")
_STANDARD: Final = NormalDist()


@dataclass(frozen=True)
class Parameter:
    """One uncertain quantity of the model.

    Attributes:
        name: Name in rules, draws and tables.
        meaning: What it is, in English.
        unit: Unit of its values.
        distribution: A key of `DISTRIBUTIONS`.
        p1: First number of the prior; `DISTRIBUTIONS` says which.
        p2: Second number of the prior; None for ``fixed``.
        low: About the lower end of the 95 % range, for orientation: the prior is not cut there.
        high: About the upper end of it.
        grade: One of `GRADES`.
        source: Where the prior comes from.
        mechanisms: Ids of the claims it serves, such as ``M034``.
        note: Reasons and warnings.
        status: One of `STATUSES`.
        derived_from: Published figures the prior was made from; ``target:`` begins the id of a row of
            ``data/targets.csv``.
        group: One of `GROUPS`.
    """

    name: str
    meaning: str
    unit: str
    distribution: str
    p1: float
    p2: float | None
    low: float
    high: float
    grade: str
    source: str
    mechanisms: tuple[str, ...]
    note: str
    status: str
    derived_from: tuple[str, ...]
    group: str

    def quantile(self, u: float) -> float:
        """Quantile ``u`` of the prior.

        Args:
            u: Strictly between 0 and 1.

        Returns:
            In the parameter's unit. A ``fixed`` distribution gives its one value at any ``u``.

        Raises:
            ValueError: If ``u`` is not inside 0 to 1.
        """
        if not 0.0 < u < 1.0:
            raise ValueError(f"quantile {u}: must be strictly between 0 and 1")
        if self.distribution == "fixed":
            return self.p1
        assert self.p2 is not None  # the loader lets only `fixed` go without
        if self.distribution == "uniform":
            return self.p1 + (self.p2 - self.p1) * u
        if self.distribution == "beta":
            from scipy.special import betaincinv  # slow to load, and few parameters need it

            return float(betaincinv(self.p1, self.p2, u))
        z = _STANDARD.inv_cdf(u)
        if z == 0.0:
            return self.p1
        if self.distribution == "normal":
            return self.p1 + self.p2 * z
        if self.distribution == "lognormal":
            return self.p1 * math.exp(self.p2 * z)
        odds = self.p1 / (1.0 - self.p1) * math.exp(self.p2 * z)
        return odds / (1.0 + odds)

    @property
    def acts_after_fit(self) -> bool:
        """Whether it acts only after the last published count, so that no fit can inform it."""
        return self.name in AFTER_FIT

    @property
    def median(self) -> float:
        """Median of the prior, in the parameter's unit."""
        return self.quantile(0.5)

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the targets its prior was made from: they and this prior must not meet again in one fit."""
        return tuple(entry.removeprefix("target:") for entry in self.derived_from if entry.startswith("target:"))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _numbers(row: Mapping[str, str], keys: Sequence[str], faults: list[str], where: str) -> dict[str, float]:
    """Finite numbers of a row; anything else is reported and left out."""
    numbers: dict[str, float] = {}
    for key in keys:
        try:
            value = float(row[key])
        except ValueError:
            faults.append(f"{where}: {key} is {row[key]!r}, not a number")
            continue
        if math.isfinite(value):
            numbers[key] = value
        else:
            faults.append(f"{where}: {key} is {row[key]}, not a finite number")
    return numbers


def _prior_fault(distribution: str, p1: float, p2: float | None) -> str | None:
    """Why two numbers cannot describe a distribution, or None."""
    if distribution == "fixed":
        return "p2 must be empty" if p2 is not None else None
    if p2 is None:
        return f"p2 is missing ({DISTRIBUTIONS[distribution]})"
    if distribution == "uniform":
        return None if p1 < p2 else f"p1 must be below p2 ({DISTRIBUTIONS[distribution]})"
    if p2 <= 0.0:
        return f"p2 must be above 0 ({DISTRIBUTIONS[distribution]})"
    if distribution in ("lognormal", "beta") and p1 <= 0.0:
        return f"p1 must be above 0 ({DISTRIBUTIONS[distribution]})"
    if distribution == "logitnormal" and not 0.0 < p1 < 1.0:
        return f"p1 must be between 0 and 1 ({DISTRIBUTIONS[distribution]})"
    return None


def _read_row(row: Mapping[str, str], mechanisms: frozenset[str], faults: list[str]) -> Parameter | None:
    """A parameter from its row; what is wrong goes to ``faults``."""
    where = f"parameters.csv: {row['name'] or '(no name)'}"
    before = len(faults)
    if not _NAME.fullmatch(row["name"]):
        faults.append(f"{where}: a name may contain only lower-case letters, digits and _")
    faults.extend(f"{where}: {key} is empty" for key in ("meaning", "unit", "source") if not row[key].strip())
    for key, known in (
        ("distribution", DISTRIBUTIONS),
        ("evidence_grade", GRADES),
        ("status", STATUSES),
        ("group", GROUPS),
    ):
        if row[key] not in known:
            faults.append(f"{where}: {key} is {row[key]!r}, must be one of {', '.join(known)}")
    unknown = [code for code in _split(row["mechanisms"]) if code not in mechanisms]
    if unknown:
        faults.append(f"{where}: no such mechanism: {', '.join(unknown)}")
    if row["status"] == "fixed" and not row["note"].strip():
        faults.append(f"{where}: status is fixed, so note must give the reason")
    if row["distribution"] == "fixed" and row["status"] != "fixed":
        faults.append(f"{where}: distribution is fixed, so status must be fixed")
    keys = ["p1", "low", "high"] + (["p2"] if row["p2"].strip() else [])
    numbers = _numbers(row, keys, faults, where)
    if len(faults) > before or len(numbers) < len(keys):
        return None
    p2 = numbers.get("p2")
    wrong = _prior_fault(row["distribution"], numbers["p1"], p2)
    if wrong is not None:
        faults.append(f"{where}: {row['distribution']}: {wrong}")
        return None
    parameter = Parameter(
        name=row["name"],
        meaning=row["meaning"],
        unit=row["unit"],
        distribution=row["distribution"],
        p1=numbers["p1"],
        p2=p2,
        low=numbers["low"],
        high=numbers["high"],
        grade=row["evidence_grade"],
        source=row["source"],
        mechanisms=_split(row["mechanisms"]),
        note=row["note"],
        status=row["status"],
        derived_from=_split(row["derived_from"]),
        group=row["group"],
    )
    # A fixed value may have no range around it.
    is_range = parameter.low < parameter.high or (row["distribution"] == "fixed" and parameter.low == parameter.high)
    if not is_range:
        faults.append(f"{where}: low {row['low']} is not below high {row['high']}")
    elif not parameter.low <= parameter.median <= parameter.high:
        faults.append(f"{where}: median {_number(parameter.median)} is outside {row['low']} to {row['high']}")
    return parameter


def read_parameters(rows: Sequence[Mapping[str, str]], mechanisms: frozenset[str]) -> dict[str, Parameter]:
    """Parameters from rows of the table, checked.

    Args:
        rows: With the columns of `COLUMNS`, all as text.
        mechanisms: Ids of all claims there are.

    Returns:
        Parameters by name, in the order of the rows.

    Raises:
        DataError: With every fault, one a line.
    """
    faults: list[str] = []
    found: dict[str, Parameter] = {}
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        if tuple(row) != COLUMNS or any(row[key] is None for key in COLUMNS):
            faults.append(f"parameters.csv:{number}: expected the columns {','.join(COLUMNS)}")
            continue
        if row["name"] in seen:
            faults.append(f"parameters.csv: {row['name']}: duplicate")
        seen.add(row["name"])
        parameter = _read_row(row, mechanisms, faults)
        if parameter is not None:
            found[parameter.name] = parameter
    if faults:
        raise DataError("\n".join(faults))
    return found


@cache
def _mechanisms() -> dict[str, str]:
    """Paraphrase of every claim of the report by its id."""
    return {row["id"]: row["paraphrase"] for row in read_table("report/mechanisms.csv")}


@cache
def _coded_rows() -> dict[str, str]:
    """Meaning of the codes in a source: timeline (T), derived checks (X), discrepancies (D)."""
    texts = {row["event_id"]: row["event"] for row in read_table("report/policy_timeline.csv")}
    texts |= {row["id"]: f"{row['quantity']} ({row['formula']})" for row in read_table("report/derived_checks.csv")}
    texts |= {
        row["id"]: f"{row['topic']}: {row['recommendation']}" for row in read_table("report/report_discrepancies.csv")
    }
    return texts


@cache
def _all_parameters() -> tuple[Parameter, ...]:
    return tuple(read_parameters(read_table("parameters.csv"), frozenset(_mechanisms())).values())


def parameters() -> dict[str, Parameter]:
    """Every parameter by name, in the order of ``data/parameters.csv``.

    Raises:
        DataError: If the table contradicts itself; with every fault.
    """
    return {parameter.name: parameter for parameter in _all_parameters()}


def parameter_groups() -> dict[str, list[Parameter]]:
    """Every parameter by its group, in the order of `GROUPS`."""
    found: dict[str, list[Parameter]] = {group: [] for group in GROUPS}
    for one in _all_parameters():
        found[one.group].append(one)
    return found


def parameter(name: str) -> Parameter:
    """One parameter.

    Raises:
        KeyError: If there is none of that name; the message gives the nearest.
    """
    known = parameters()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise KeyError(f"no parameter {name!r}{hint}")
    return known[name]


def point_draw() -> dict[str, float]:
    """The median of every prior, by name: the ``point`` draw."""
    return {parameter.name: parameter.median for parameter in _all_parameters()}


def _number(value: float) -> str:
    """Three significant digits, never with an exponent."""
    if value == 0.0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    text = f"{rounded:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _prior_text(parameter: Parameter) -> str:
    """The prior in short, such as ``lognormal(0.06, 0.4)``."""
    numbers = [parameter.p1] if parameter.p2 is None else [parameter.p1, parameter.p2]
    return f"{parameter.distribution}({', '.join(f'{value:g}' for value in numbers)})"


def explain(name: str, lang: str = "en") -> str:
    """A parameter in plain words, for a reader in the terminal.

    Args:
        name: Of a parameter.
        lang: The language of the headings. Meaning, source and claims are in English.

    Returns:
        Lines without a final line break.

    Raises:
        KeyError: If there is no such parameter or language.
    """
    words = Words(lang, "parameter_says")
    what = parameter(name)
    lines = [what.name, f"  {what.meaning}", f"  {words('unit')}: {what.unit}"]
    lines.append(f"  {words('median')}: {_number(what.median)}")
    if what.distribution != "fixed":
        lines.append(f"  {words('range')}: {_number(what.quantile(0.025))} – {_number(what.quantile(0.975))}")
    lines.append(f"  {words('prior')}: {_prior_text(what)}: {DISTRIBUTIONS[what.distribution]}")
    lines.append(f"  {words('grade')}: {what.grade}, {label(f'grade.{what.grade}', lang)}")
    lines.append(f"  {words('status')}: {label(f'status.{what.status}', lang)}")
    suffix = f" ({words('report')})" if re.search(r"\bF \d|\bF ch", what.source) else ""
    lines.append(f"  {words('source')}: {what.source}{suffix}")
    coded = _coded_rows()
    codes = dict.fromkeys(_CODE.findall(f"{what.source} {what.note}"))
    lines.extend(f"    {code}: {coded[code]}" for code in codes if code in coded)
    lines.append(f"  {words('mechanisms')}:" + ("" if what.mechanisms else f" {words('none')}"))
    lines.extend(f"    {code}: {_mechanisms()[code]}" for code in what.mechanisms)
    lines.append(f"  {words('derived')}:" + ("" if what.derived_from else f" {words('not_derived')}"))
    for entry in what.derived_from:
        target = entry.removeprefix("target:")
        lines.append(f"    {words('target')} {target}" if target != entry else f"    {entry}")
    if what.note:
        lines.append(f"  {words('note')}: {what.note}")
    return "\n".join(lines)


def table_rows() -> list[dict[str, str]]:
    """One row of text per parameter for a listing.

    Returns:
        Dictionaries with ``name``, ``median``, ``low`` and ``high`` (95 % range of the prior), ``unit``,
        ``grade``, ``status`` and ``meaning``.
    """
    return [
        {
            "name": what.name,
            "median": _number(what.median),
            "low": _number(what.quantile(0.025)),
            "high": _number(what.quantile(0.975)),
            "unit": what.unit,
            "grade": what.grade,
            "status": what.status,
            "meaning": what.meaning,
        }
        for what in _all_parameters()
    ]
