"""Hand-made tables of a comparison, with the columns of the comparison folder (docs/outputs.md)."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from irregsim.commands.compare_folder import for_readers
from irregsim.vocabulary.codes import CITIES, EXITS, HIDDEN, STRATEGIES, month_number, month_text

SCENARIOS = ("agreement-x", "shelter-y")
MONTHS = [month_text(m) for m in range(month_number("2018-01"), month_number("2024-12") + 1)]
SINCE = "2021-06"
REGISTERS = ("udi_return_duty_stock", "udi_expulsions", "pu_orders", "ssb_sanctions", "assisted_returns")
LEVELS = dict(zip(STRATEGIES, (800.0, 5000.0, 7000.0, 900.0, 1500.0), strict=True))


#: Units of outcomes that are not persons.
UNITS = {
    "outcome:homeless_person_months": "person-months",
    "outcome:care_received": "needs",
    "index:hidden": "index",
}


def frames() -> dict[str, pd.DataFrame]:
    """Every table as the page and the pictures are given it, for both scenarios."""
    return {name: frame.copy() for name, frame in _for_readers().items()}


@functools.cache
def _for_readers() -> dict[str, pd.DataFrame]:
    return for_readers(exact(), UNITS)


def exact() -> dict[str, pd.DataFrame]:
    """Every table as the folder has it."""
    return {
        "differences": differences(),
        "key_figures": key_figures(),
        "responses": responses(),
        "evidence": evidence(),
        "measured": measured(),
        "balance": balance(),
        "alluvial": alluvial(),
        "cities": cities(),
        "costs": costs(),
        "groups": groups(),
        "twins": twins(),
        "twin_lives": twin_lives(),
        **lives(),
    }


def about(**more: object) -> dict[str, object]:
    """What the comparison is about."""
    out: dict[str, object] = {
        "comparison_id": "0123456789abcdef",
        "reference": "baseline",
        "scenarios": SCENARIOS,
        "titles": {
            "baseline": {"nb": "Kunnskap per mai 2021", "en": "Knowledge as of May 2021"},
            "agreement-x": {"nb": "Returavtale med X", "en": "Return agreement with X"},
            "shelter-y": {"nb": "Akuttovernatting i fem byer", "en": "Emergency shelter in five cities"},
        },
        "descriptions": {"agreement-x": "What a working agreement would change.", "shelter-y": "Forty more beds."},
        "period": (MONTHS[0], MONTHS[-1]),
        "first_effective": dict.fromkeys(SCENARIOS, SINCE),
        "levers": {
            "agreement-x": [
                {"key": "levers.return_agreements.Eritrea", "from": SINCE, "to": MONTHS[-1], "reference": "none",
                 "value": "0.6"},
            ],
            "shelter-y": [
                {"key": f"levers.municipal.shelter.{city}", "from": SINCE, "to": MONTHS[-1], "reference": "0",
                 "value": "20"}
                for city in ("Trondheim", "Stavanger")
            ],
        },
        "replicates": 40,
        "seed": 2021,
        "scale": 1.0,
        "draws": "posterior",
        "caveat": None,
        "assumed": ("2021-01", "2026-05"),
        "as_known": ["2026-06"],
        "fit_period": ("2012-01", "2020-12"),
        "run_ids": {"baseline": "a" * 16, "agreement-x": "b" * 16, "shelter-y": "c" * 16},
        "versions": {"irregsim": "0.1", "python": "3.11"},
        "command": "irregsim compare baseline agreement-x shelter-y",
        "publish": False,
        "show_levels": False,
        "proof": {
            name: {
                "first_effective_month": SINCE,
                "first_month": SINCE,
                "first_table": "flows",
                "first_cell": "synlig > tvangsretur, Oslo",
                "identical_before": True,
                "first_cause": "pu_fetch",
                "first_person": "00ff00ff00ff00ff",
            }
            for name in SCENARIOS
        },
        "cities": ("Bergen",),
    }  # fmt: skip
    return {**out, **more}


def differences() -> pd.DataFrame:
    """A ramp from the first effective month on, with a hint of noise; exact in every test."""
    rng = np.random.default_rng(3)
    months = np.array(MONTHS)
    since = np.maximum(0, np.arange(len(months)) - MONTHS.index(SINCE) + 1)
    out = []
    for number, scenario in enumerate(SCENARIOS):
        ramps = {f"stock:{code}": ((-2.0, 0.6, 0.8, 0.2, 0.4)[i], LEVELS[code]) for i, code in enumerate(STRATEGIES)}
        ramps["stock:hidden"] = (2.0, sum(LEVELS[code] for code in HIDDEN))
        ramps["index:hidden"] = (0.03, 100.0)
        ramps |= {f"exit:{code}": (0.05 * (1 - i % 3), 20.0 + 9 * i) for i, code in enumerate(EXITS)}
        ramps |= {"outcome:homeless_person_months": (1.5, 900.0), "outcome:care_received": (0.0, 300.0)}
        for outcome, (slope, level) in ramps.items():
            mean = slope * (1 - 0.6 * number) * since + (since > 0) * rng.normal(0, abs(slope) + 0.1, len(months))
            wide = (since > 0) * (2.0 + abs(slope) * np.sqrt(since) * 3)
            out.append(_rows(scenario, outcome, months, mean, wide, np.full(len(months), level)))
        ends = np.array([m.endswith("-12") for m in MONTHS])
        for i, register in enumerate(REGISTERS):
            mean = (12.0 - 6 * i) * (1 - 0.6 * number) * since[ends] / 12
            level = np.full(int(ends.sum()), 800.0 + 300 * i)
            out.append(_rows(scenario, f"register:{register}", months[ends], mean, 20.0 * (since[ends] > 0), level))
    return pd.concat(out, ignore_index=True)


def _rows(
    scenario: str, outcome: str, months: np.ndarray, mean: np.ndarray, wide: np.ndarray, level: np.ndarray
) -> pd.DataFrame:
    total = np.cumsum(mean)
    return pd.DataFrame(
        {
            "month": months, "scenario": scenario, "outcome": outcome, "mean": mean, "median": mean,
            "lo": mean - wide, "hi": mean + wide, "lo80": mean - 0.65 * wide, "hi80": mean + 0.65 * wide,
            "lo50": mean - 0.34 * wide, "hi50": mean + 0.34 * wide,
            "share_of_draws_positive": (mean > 0).astype(float), "mc_se": wide / 12,
            "reference_mean": level, "cumulative_mean": total, "cumulative_lo": total - np.cumsum(wide) / 2,
            "cumulative_hi": total + np.cumsum(wide) / 2, "variance_saved": 0.8, "n": 40,
        }
    )  # fmt: skip


def key_figures() -> pd.DataFrame:
    """Four panels, some effects that tell and some that do not."""
    rows = [
        ("presence", "stock:synlig", "persons", 800.0, -60.0, 15.0),
        ("presence", "stock:hidden", "persons", 14400.0, 50.0, 90.0),
        ("presence", "exit:tvangsretur", "persons", 900.0, 140.0, 40.0),
        ("presence", "exit:assistert_retur", "persons", 700.0, 35.0, 12.0),
        ("presence", "exit:videre", "persons", 4000.0, 90.0, 80.0),
        ("living", "outcome:homeless_person_months", "person-months", 38000.0, 2100.0, 900.0),
        ("living", "person_months:fritt_fall", "person-months", 64000.0, 1800.0, 2500.0),
        ("labour", "person_months:arbeidende", "person-months", 300000.0, 1500.0, 1200.0),
        ("labour", "outcome:inspections", "inspections", 5000.0, 0.0, 0.0),
        ("services", "outcome:care_received", "contacts", 12000.0, -310.0, 400.0),
        ("services", "register:pu_orders", "orders", 3000.0, 160.0, 60.0),
        ("services", "outcome:back_pay_nok", "NOK", 0.0, 0.0, 0.0),
    ]
    out = []
    for number, scenario in enumerate(SCENARIOS):
        for panel, outcome, unit, level, effect, half in rows:
            mean = effect * (1 - 1.6 * number)
            verdict = "cannot tell" if abs(mean) <= half else "up" if mean > 0 else "down"
            text = f"{mean:+.0f} ({mean - half:.0f} to {mean + half:.0f})"
            out.append(
                {
                    "scenario": scenario, "outcome": outcome, "unit": unit, "panel": panel, "since": SINCE,
                    "to": MONTHS[-1], "kind": "mean" if outcome.startswith("stock:") else "sum",
                    "reference_mean": level, "mean": mean, "lo": mean - half, "hi": mean + half,
                    "lo50": mean - 0.34 * half, "hi50": mean + 0.34 * half, "share_positive": float(mean > 0),
                    "mc_se": half / 12, "verdict": verdict,
                    "more_replicates": 160.0 if verdict == "cannot tell" and half else float("nan"),
                    "rounded_text_nb": text.replace("to", "til"), "rounded_text_en": text,
                }
            )  # fmt: skip
    return pd.DataFrame(out)


def responses() -> pd.DataFrame:
    """Onward travel answers under deterrence and hardly under displacement."""
    return pd.DataFrame(
        [
            {
                "scenario": s,
                "outcome": o,
                "third": t,
                "mean": m * f,
                "lo": m * f - 30,
                "hi": m * f + 30,
                "n": 13,
                "unit": u,
                "reference_mean": level,
            }
            for s in SCENARIOS
            for o, m, u, level in (
                ("exit:videre", 90.0, "persons", 4000.0),
                ("exit:tvangsretur", 90.0, "persons", 900.0),
                ("stock:fritt_fall", 60.0, "persons", 1500.0),
                ("outcome:homeless_person_months", 700.0, "person-months", 38000.0),
            )
            for t, f in (("deterrence", 1.6), ("between", 1.0), ("displacement", 0.2))
        ]
    )


def evidence() -> pd.DataFrame:
    """Shares of the variance of one effect by group of parameters."""
    return pd.DataFrame(
        [
            {
                "scenario": s,
                "outcome": "exit:tvangsretur",
                "group": g,
                "grade": d,
                "share": v,
                "error": 0.05,
                "enters": e,
            }
            for s in SCENARIOS
            for g, d, v, e in (
                *(("control and tracks", "B", 0.45, True), ("exits", "D", 0.2, True)),
                *(("reception", "D", 0.0, False), ("chance", "", 0.35, False)),
            )
        ]
    )


def measured() -> pd.DataFrame:
    """Changes of one register in parts that add up."""
    return pd.DataFrame(
        [
            {
                "scenario": s, "register": "pu_orders", "year": y, "change": 40.0, "change_lo": 10.0, "change_hi": 70.0,
                "behaviour": -15.0, "behaviour_lo": -25.0, "behaviour_hi": -5.0,
                "measurement": 55.0, "measurement_lo": 30.0, "measurement_hi": 80.0,
                "outside": 0.0, "outside_lo": 0.0, "outside_hi": 0.0,
                "latent_outcome": "stock:hidden", "latent_reference": 14400.0, "latent": 144.0, "latent_lo": 72.0,
                "latent_hi": 216.0,
            }
            for s in SCENARIOS
            for y in (2022, 2023)
        ]
    )  # fmt: skip


_CELLS = {
    ("synlig", "tvangsretur"): 80.0,
    ("synlig", "arbeidende"): 21.0,
    ("synlig", "fritt_fall"): 34.0,
    ("fritt_fall", "videre"): 12.0,
    ("arbeidende", "avhengig"): 9.0,
    ("avhengig", "arbeidende"): 6.0,
    ("not here", "synlig"): 3.0,
    ("synlig", "synlig"): 700.0,
    ("arbeidende", "arbeidende"): 6800.0,
}


def alluvial() -> pd.DataFrame:
    """Persons by state in the reference and the scenario, at two Decembers."""
    return pd.DataFrame(
        [
            {"scenario": s, "to_month": m, "reference_state": a, "scenario_state": b, "persons": p * f,
             "lo": p * f * 0.8, "hi": p * f * 1.2, "total": int(40 * p), "n": 40}
            for s in SCENARIOS
            for m, f in (("2022-12", 0.5), ("2024-12", 1.0))
            for (a, b), p in _CELLS.items()
        ]
    )  # fmt: skip


def balance() -> pd.DataFrame:
    """Changes of every account; strategies and exits add up to the inflow."""
    changes: dict[str, float] = {}
    for (a, b), p in _CELLS.items():
        if a != b:
            changes[a] = changes.get(a, 0.0) - p
            changes[b] = changes.get(b, 0.0) + p
    inflow = -changes.pop("not here")
    rows = [("exit" if k in EXITS else "strategy", k, v) for k, v in changes.items()] + [("inflow", "inflow", inflow)]
    return pd.DataFrame(
        [
            {"scenario": s, "to_month": "2024-12", "kind": kind, "state": state, "reference_mean": 500.0,
             "scenario_mean": 500.0 + v, "change_in_state": v, "lo": v - 5, "hi": v + 5, "entered": max(v, 0.0),
             "left": max(-v, 0.0), "n": 40}
            for s in SCENARIOS
            for kind, state, v in rows
        ]
    )  # fmt: skip


def cities() -> pd.DataFrame:
    """Effects by city."""
    outcomes = (
        ("outcome:homeless_person_months", "person-months", 2000.0),
        ("outcome:care_received", "contacts", 900.0),
    )
    rows = []
    for s in SCENARIOS:
        for i, city in enumerate(CITIES):
            for outcome, unit, level in outcomes:
                mean = level * 0.02 * (i - 1)
                half = level * 0.025
                verdict = "cannot tell" if abs(mean) <= half else "up" if mean > 0 else "down"
                text = f"{mean:+.0f} ({mean - half:.0f} to {mean + half:.0f})"
                rows.append(
                    {"scenario": s, "city": city, "outcome": outcome, "unit": unit, "reference_mean": level,
                     "mean": mean, "lo": mean - half, "hi": mean + half, "lo50": mean - half / 3,
                     "hi50": mean + half / 3, "mc_se": half / 12, "verdict": verdict,
                     "rounded_text_nb": text, "rounded_text_en": text}
                )  # fmt: skip
    return pd.DataFrame(rows)


def groups() -> pd.DataFrame:
    """Effects by group."""
    known = [("sex", "female"), ("sex", "male"), ("age_group", "0-17"), ("age_group", "18-66"), ("age_group", "67+"),
             ("sought_asylum", "True"), ("sought_asylum", "False"), ("feasibility_group", "none"),
             ("feasibility_group", "high")]  # fmt: skip
    return pd.DataFrame(
        [
            {"scenario": s, "dimension": d, "group": g, "outcome": o, "reference_mean": 1000.0, "mean": 40.0 - 10 * i,
             "lo": 10.0 - 10 * i, "hi": 70.0 - 10 * i, "lo50": 30.0 - 10 * i, "hi50": 50.0 - 10 * i, "mc_se": 3.0,
             "unit": "person-months"}
            for s in SCENARIOS
            for o in ("person_months:synlig", "person_months:fritt_fall")
            for i, (d, g) in enumerate(known)
        ]
    )  # fmt: skip


def costs() -> pd.DataFrame:
    """One item with a price and one without, of each scenario."""
    row = {"item": "bed", "outcome": "outcome:centre_bed_days", "unit": "days", "carrier": "state", "receiver": "",
           "mean": 100.0, "lo": 50.0, "hi": 150.0, "reference_mean": 5000.0, "amount": float("nan"),
           "amount_year": "",
           **dict.fromkeys(("nok_mean", "nok_lo", "nok_hi"), float("nan")), "source": "", "grade": ""}  # fmt: skip
    money = {"nok_mean": 5e4, "nok_lo": 2e4, "nok_hi": 7e4, "source": "the outcome is in NOK", "grade": "B"}
    priced = {**row, **money, "outcome": "outcome:fines_nok", "unit": "NOK", "carrier": "employer and migrant"}
    return pd.DataFrame([{"scenario": s, **one} for s in SCENARIOS for one in (row, priced)])


def levels() -> pd.DataFrame:
    """Levels of hidden strategies, as made for those who ask for them."""
    return pd.DataFrame(
        [
            {"scenario": s, "month": m, "strategy": code, "q025": 4000.0, "q975": 14405.0, "note": "a sentence"}
            for s in ("baseline", *SCENARIOS)
            for m in ("2023-12", "2024-12")
            for code in (*HIDDEN, "all_hidden")
        ]
    )


def lives() -> dict[str, pd.DataFrame]:
    """Tables of lives for two cohorts: in the scenario everybody leaves «de synlige» a little earlier."""
    chronogram, still, incidence, mean_time, sequences = [], [], [], [], []
    for s in SCENARIOS:
        life = 0
        for cohort in ("present", "entered"):
            t = np.arange(43)
            still += [
                {"scenario": s, "side": "difference", "cohort": cohort, "months": m, "at_risk": 900 - m,
                 "survival": -0.001 * m, "lo": -0.001 * m - 0.01, "hi": -0.001 * m + 0.02}
                for m in t.tolist()
            ]  # fmt: skip
            incidence += [
                {"scenario": s, "side": "difference", "cohort": cohort, "exit": e, "months": m,
                 "incidence": 0.002 * m * sign, "lo": 0.002 * m * sign - 0.02, "hi": 0.002 * m * sign + 0.01}
                for e, sign in (("videre", 1), ("tvangsretur", -1))
                for m in t.tolist()
            ]  # fmt: skip
            for side, rate in (("reference", 0.03), ("scenario", 0.04)):
                t = np.arange(43)
                left = np.exp(-rate * t)
                gone = 1 - np.exp(-0.01 * t)
                shares = {"synlig": left * (1 - gone), "fritt_fall": (1 - left) * (1 - gone), "videre": gone}
                for state, share in shares.items():
                    chronogram += [
                        {
                            "scenario": s,
                            "side": side,
                            "cohort": cohort,
                            "months_since": m,
                            "state": state,
                            "share": v,
                            "persons": 7000.0 * v,
                        }
                        for m, v in zip(t.tolist(), share.tolist(), strict=True)
                    ]
                still += [
                    {"scenario": s, "side": side, "cohort": cohort, "months": m, "at_risk": 900 - m, "survival": v,
                     "lo": v - 0.02, "hi": v + 0.02}
                    for m, v in zip(t.tolist(), (1 - gone).tolist(), strict=True)
                ]  # fmt: skip
                incidence += [
                    {"scenario": s, "side": side, "cohort": cohort, "exit": e, "months": m, "incidence": v / 2,
                     "lo": v / 2 - 0.01, "hi": v / 2 + 0.01}
                    for e in ("videre", "tvangsretur")
                    for m, v in zip(t.tolist(), gone.tolist(), strict=True)
                ]  # fmt: skip
                mean_time += [
                    {"scenario": s, "side": side, "cohort": cohort, "strategy": c, "months": v, "lo": v - 0.5,
                     "hi": v + 0.5}
                    for c, v in zip(STRATEGIES, (1 / rate / 4, 9.0, 11.0, 3.0, 4.0), strict=True)
                ]  # fmt: skip
            for i in range(30):
                runs = {
                    "reference": [("synlig", 10 + i % 20), ("fritt_fall", 6), ("arbeidende", 27 - i % 20)],
                    "scenario": [("synlig", 8 + i % 7), ("fritt_fall", 9), ("videre", 26 - i % 7)],
                }
                if i % 3 == 0:
                    runs["scenario"] = runs["reference"]
                for side, parts in runs.items():
                    start = 0
                    for number, (state, months) in enumerate(parts):
                        sequences.append(
                            {"scenario": s, "side": side, "cohort": cohort, "life": life, "person": f"{life:016x}",
                             "replicate": i % 4, "sought_asylum": True, "run": number, "state": state, "start": start,
                             "months": months}
                        )  # fmt: skip
                        start += months
                life += 1
    parts = {"chronogram": chronogram, "survival": still, "incidence": incidence, "mean_time": mean_time,
             "sequences": sequences}  # fmt: skip
    return {name: pd.DataFrame(rows) for name, rows in parts.items()}


def twins() -> pd.DataFrame:
    """A sample of persons whose lives part."""
    return pd.DataFrame(
        [
            {"scenario": s, "person": f"{i:016x}", "replicate": i % 4, "first_parting": "2021-09",
             "reference_state": "synlig", "scenario_state": "tvangsretur", "cause_reference": "none",
             "cause_scenario": "pu_fetch", "months_apart": 30, "end_reference": "arbeidende",
             "end_scenario": "tvangsretur", "sought_asylum": True}
            for s in SCENARIOS
            for i in range(8)
        ]
    )  # fmt: skip


def twin_lives() -> pd.DataFrame:
    """The whole lives of those persons: in the scenario each ends in a forced return."""
    rows: list[dict[str, object]] = []
    for s in SCENARIOS:
        for i in range(8):
            begin = MONTHS[i]
            told = {"scenario": s, "person": f"{i:016x}", "replicate": i % 4}
            for side, runs in (
                (
                    "reference",
                    [
                        ("synlig", begin, "2022-04", "walkout"),
                        ("fritt_fall", "2022-04", "2022-08", "choice"),
                        ("arbeidende", "2022-08", None, None),
                    ],
                ),
                ("scenario", [("synlig", begin, "2021-09", "pu_fetch")]),
            ):
                rows += [
                    {**told, "side": side, "run": run, "state": state, "start": start, "end": end, "cause": cause}
                    for run, (state, start, end, cause) in enumerate(runs)
                ]
    return pd.DataFrame(rows)
