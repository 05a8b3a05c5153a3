"""How many persons are expected to come, by route, month and citizenship (odd.md, sections 5 to 7; counts to 2020).

Who they are, and by how many the draw of a month differs from what is expected, is left out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from .drivers import lasting_group, log_linear, month_number, rows_of

FIRST, LAST, BEFORE = 2006, 2020, 36  # years of UNHCR's counts that are used; months before the first of the model
#: Citizens of the EU and EEA are not in the model (section 8).
EEA = frozenset(
    """AUT BEL BGR CHE CYP CZE DEU DNK ESP EST FIN FRA GBR GRC HRV HUN IRL ISL ITA LIE LTU LUX LVA MLT NLD POL PRT ROU
    SVK SVN SWE""".split()  # noqa: SIM905
)
LONGEST = 36  # months from a rejection to the age of 18
Table = dict[str, list[list[float]]]


class Arrivals:
    """Expected arrivals of one draw in the baseline to 2020.

    Args:
        p: Value of every parameter.
        policy: Levers and assumptions of the scenario by name.
        months: Months from 2009-01, to 2020-12 at most.
    """

    def __init__(self, p: dict[str, float], policy: Mapping[str, Any], months: int) -> None:
        self.p, self.policy, self.months = p, policy, months
        self.countries = rows_of("countries.csv")
        self.size = len(self.countries)
        self.counts = self._unhcr()

    def _unhcr(self) -> dict[str, dict[int, list[float]]]:
        """Decisions by kind, year and citizenship; an origin that is no citizenship of the model counts as the rest."""
        by_iso: dict[str, list[tuple[int, float]]] = {}
        for i, row in enumerate(self.countries):
            by_iso.setdefault(row["iso3"], []).append((i, float(row["origin_share"])))
        rest = [(self.size - 1, 1.0)]
        kinds = ("rejected", "closed", "appeal_rejected", "appeal_granted")
        found = {kind: {y: [0.0] * self.size for y in range(FIRST, LAST + 1)} for kind in kinds}
        for row in rows_of("external/unhcr_asylum_decisions_norway.csv"):
            year = int(row["year"])
            if year > LAST or row["origin_iso3"] in EEA:
                continue
            first = {"rejected": float(row["rejected"]), "closed": float(row["closed"])}
            granted = float(row["recognised"]) + float(row["other_protection"])
            appeal = {"appeal_rejected": float(row["rejected"]), "appeal_granted": granted}
            for kind, n in {"FI": first, "AR": appeal}.get(row["level"], {}).items():
                for country, share in by_iso.get(row["origin_iso3"], rest):
                    found[kind][year][country] += n * share
        return found

    def _rejections(self, year: int) -> list[float]:
        """Counts with the error of the mix and of the level."""
        counted = self.counts["rejected"][year]
        error = [self.p.get(f"asylum_mix_{lasting_group(r['country'])}_log_error", 0.0) for r in self.countries]
        weighted = [n * math.exp(e) for n, e in zip(counted, error, strict=True)]
        level = sum(counted) / sum(weighted) * math.exp(self.p["rejections_log_error"])
        return [n * level for n in weighted]

    def final(self) -> list[list[float]]:
        """The queue of section 6, from 2006-01: final duties to leave by month and citizenship."""
        p, share = self.p, self.p["appeal_share"]
        body = {
            y: [a + b for a, b in zip(self.counts["appeal_rejected"][y], self.counts["appeal_granted"][y], strict=True)]
            for y in range(FIRST, LAST + 1)
        }
        waiting = [p["appeal_backlog_2006_count"] * n / sum(body[FIRST]) for n in body[FIRST]]
        before = [n / 12 for n in self._rejections(FIRST)]
        found = []
        for year in range(FIRST, LAST + 1):
            granted = sum(self.counts["appeal_granted"][year]) / sum(body[year])
            won = min(0.5, granted / p["first_appeal_share"] * math.exp(p["reversal_log_error"]))
            own = [p["first_appeal_share"] * n / 12 for n in body[year]]
            new = [n / 12 for n in self._rejections(year)]
            for _ in range(12):
                ready = [n / p["appeal_months_mean"] for n in waiting]
                decided = [min(a, b) for a, b in zip(ready, own, strict=True)]
                spare = sum(own) - sum(decided)
                left = sum(ready) - sum(decided)
                served = min(1.0, spare / left) if left > 0 else 0.0
                decided = [d + (r - d) * served for d, r in zip(decided, ready, strict=True)]
                found.append([(1 - share) * b + (1 - won) * d for b, d in zip(before, decided, strict=True)])
                waiting = [w + share * n - d for w, n, d in zip(waiting, new, decided, strict=True)]
                before = new
        return found

    def _minors(self, final: list[list[float]]) -> list[list[float]]:
        """Unaccompanied minors among those finally rejected."""
        ratio = self.p["minor_rejection_2017_ratio"]
        knots = [("2016-09", 1.0), ("2017-03", ratio), ("2017-12", ratio), ("2018-06", 1.0)]
        path = [(month_number(m), x) for m, x in knots]
        own = [self.p["minor_rejection_share"] * float(r["minor_ratio"]) for r in self.countries]
        return [
            [n * min(1.0, s * log_linear(path, t - BEFORE)) for n, s in zip(line, own, strict=True)]
            for t, line in enumerate(final)
        ]

    def _of_age(self, minors: list[list[float]]) -> tuple[list[list[float]], list[list[float]]]:
        """Section 6: who is still in care at 18, and who left care before, by month from 2009-01."""
        p = self.p
        weight = [(1 - 1 / max(1.0, p["minor_wait_months_mean"])) ** (w - 1) for w in range(1, LONGEST + 1)]
        aged, left = Counter(), Counter()
        for wait in range(1, LONGEST + 1):
            still = weight[wait - 1] / sum(weight)
            for since in range(wait):
                hazard = p["minor_leaves_care_hazard"] * math.exp(
                    -p["minor_leaves_care_log_slope"] * (wait - since - 1)
                )
                left[since] += still * -math.expm1(-hazard)
                still *= math.exp(-hazard)
            aged[wait] += still

        def later(share: Counter, here: float) -> list[list[float]]:
            found = []
            for t in range(BEFORE, BEFORE + self.months):
                parts = [(s, minors[t - lag]) for lag, s in share.items() if t >= lag]
                found.append([here * sum(s * line[c] for s, line in parts) for c in range(self.size)])
            return found

        at_18 = later(aged, p["minor_without_residence_at_18_share"])
        return at_18, later(left, p["minor_left_care_in_norway_share"])

    def _dublin(self) -> dict[int, float]:
        """Yearly Dublin decisions."""
        rows = [r for r in rows_of("rejections.csv") if r["series"] == "dublin"]
        return {int(r["year"]): float(r["value"]) for r in rows}

    def expected(self) -> Table:
        """Expected persons at full scale: route to month to citizenship."""
        p, dublin = self.p, self._dublin()
        out: Table = {}
        final = self.final()
        minors = self._minors(final)
        wave = p["present_at_final_2016_ratio"]
        path = [(month_number(m), x) for m, x in (("2015-12", 1), ("2016-06", wave), ("2017-12", wave), ("2018-12", 1))]
        out["asylum_rejected"] = [
            [
                min(1.0, p["present_at_final_share"] * log_linear(path, m)) * (a - b)
                for a, b in zip(final[m + BEFORE], minors[m + BEFORE], strict=True)
            ]
            for m in range(self.months)
        ]
        out["aged_out"], out["left_care"] = self._of_age(minors)
        out["dublin"], out["vanished"] = [], []
        for m in range(self.months):
            closed = self.counts["closed"][2009 + m // 12]
            cases = dublin.get(2009 + m // 12, dublin[max(dublin)])
            out["dublin"].append([cases / 12 * n / sum(closed) for n in closed])
            others = max(0.0, 1 - cases / sum(closed)) * p["vanished_in_norway_share"] / 12
            out["vanished"].append([n * others for n in closed])
        for row in rows_of("route_mix.csv"):
            if row["inflow_group"] not in ("asylum", "dublin", "vanished", "minors"):
                out[row["route"]] = [self._never(row, m) for m in range(self.months)]
        return out

    def _mix(self, group: str) -> list[float]:
        """Shares of citizenships: expulsions seen, tilted by route; penal expulsions; weights of short stays."""
        if group == "penal":
            seen = [float(r["penal_2018_2020"]) for r in self.countries]
        elif group in ("short_stay", "visa_lost"):
            seen = [float(r["short_stay_weight"]) for r in self.countries]
        else:
            tilt = {"work": "work_tilt", "overstay": "overstay_tilt", "permit_lost": "permit_tilt"}[group]
            never = self.p["asylum_nationality_never_ratio"]
            seen = [float(r["immigration_act_2018_2020"]) * float(r[tilt]) for r in self.countries]
            asylum = [r["asylum_nationality"] == "1" for r in self.countries]
            seen = [n * (never if sought else 1) for n, sought in zip(seen, asylum, strict=True)]
        return [n / sum(seen) for n in seen]

    def _never(self, row: dict[str, str], month: int) -> list[float]:
        """Section 6, never-asylum inflow: four sizes with trends and a pandemic ratio, and those around short stays."""
        p, group = self.p, row["inflow_group"]
        year, pandemic = 2009 + (month + 0.5) / 12, bool(self.policy["pandemic"][month])
        if group in ("short_stay", "visa_lost"):
            yearly = p["short_stay_sent_out_count"] * (p["pandemic_control_ratio"] if pandemic else 1)
            if group == "visa_lost":
                yearly *= p["visa_lost_stays_ratio"] * (1 - p["airport_share_of_short_stay"])
        elif group == "penal":
            yearly = p["inflow_penal_count"] * math.exp(p["penal_expulsion_log_trend"] * (min(year, 2020.5) - 2019.5))
            yearly *= (p["pandemic_inflow_ratio"] if pandemic else 1) * (1 - p["penal_direct_removal_share"])
        else:
            yearly = p[f"inflow_{group}_count"] * float(row["share_of_inflow_group"])
            yearly *= math.exp(p["never_asylum_inflow_log_trend"] * (min(year, 2019.99) - 2019.5) / 5)
            yearly *= p["pandemic_inflow_ratio"] if pandemic else 1
            yearly *= float(self.policy["never_asylum_inflow"][month])
            claim = {"work_permit_lost": "contract_lost", "au_pair": "contract_lost"}.get(row["route"], row["route"])
            yearly *= p.get(f"{claim}_inflow_ratio", 1.0)
        return [yearly / 12 * share for share in self._mix(group)]
