"""What the outcomes count: roofs, children, care, reports, violence, withheld wages (docs/outputs.md).

Nothing here moves a person, but for one: who reports an offence without protection meets the police next month (F 9.2;
M099).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import twinned
from irregsim.model.engine import Contest, Decided, Rule, drawn
from irregsim.model.history import CITY_OF
from irregsim.model.month.control import PRISON, meets_police
from irregsim.model.month.discretion import says_yes
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.scenario.levers import HEALTH_MODELS
from irregsim.vocabulary.codes import Household, RegisterEvent, Strategy, Substrategy, is_exit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: By subtype, whether a guest stays for the time being.
STAYS_LOOSELY = np.array([s.lives.loosely for s in Substrategy])


def care_need_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of a need for health care that cannot wait; rises with age and illness (M010, M101).

    Args:
        who: Reads ``age_years`` and ``has_care_need``.
        at: Reads ``care_need_hazard`` (per month), ``care_need_elderly_ratio``, ``care_need_ill_ratio``.
    """
    ratio = 1.0 + (at.care_need_elderly_ratio - 1.0) * (who.age_whole >= 67)
    return np.asarray(at.care_need_hazard * ratio * (1.0 + (at.care_need_ill_ratio - 1.0) * who.has_care_need))


def offence_hazard(who: Rows, at: At) -> FloatArray:
    """Hazard of being the victim of an offence that could be reported (F 9.2; rate assumed).

    Args:
        who: Reads ``strategy``, ``is_exploited``, ``in_violence``.
        at: Reads ``offence_hazard`` (per month) and ``offence_exposed_ratio``.
    """
    exposed = (who.strategy >= Strategy.MARGINALISERT) | who.is_exploited | who.in_violence
    return np.asarray(at.offence_hazard * (1.0 + (at.offence_exposed_ratio - 1.0) * exposed))


class Needs(Contest):
    """Needs and offences of the month, and the sums that outcomes are made of."""

    name = "needs"
    step = 9
    rules = (
        Rule(
            channel="care_need",
            hazard=care_need_hazard,
            mechanisms=("M010", "M101"),
            source="F 5; rate assumed",
            grade="D",
        ),
        Rule(
            channel="offence",
            hazard=offence_hazard,
            mechanisms=("M099",),
            source="F 9.2; rate assumed",
            grade="D",
        ),
    )

    def at_risk(self, world: World, at: At) -> IntArray:
        """Everybody in the country, children too, but for those held."""
        p = world.population
        return np.flatnonzero(p.is_here & (p.transport_due < 0))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Care sought and received; offences reported or not; then the month's sums."""
        self._care(world, at, decided.of("care_need"))
        self._offences(world, at, decided.of("offence"))
        self._sums(world, at)

    def _care(self, world: World, at: At, rows: IntArray) -> None:
        """Fear of being found and of bills keeps people away; the city's model decides who is helped (F 5).

        Where no offer is meant for a person, whether a nurse or doctor helps is their discretion, and people ask
        several. Who has had a bill seeks help less; persons expelled withdraw from services.
        Mechanisms: M026, M051, M082, M098, M100.
        """
        p, month, history = world.population, world.month, world.history
        who = world.rows(rows)
        in_centre = who.strategy == Strategy.SYNLIG
        model = np.append(at.health_model, HEALTH_MODELS.index("none"))[who.city]
        fear = who.risk_response(-at.care_fear_slope)
        seek = at.care_sought_share * np.where(in_centre, 1.0, fear)
        seek = seek * np.where(who.has_bill & ~in_centre, at.bill_seek_ratio, 1.0)
        seek = seek * np.where((who.decision >= 2) & ~in_centre, at.expelled_care_ratio, 1.0)
        sought = drawn(world, "care_sought", rows, np.minimum(1.0, seek))
        by_model = {
            "ngo_centre": at.care_ngo_share,
            "municipal_asylum_only": at.care_municipal_share,
            "municipal_open": at.care_municipal_share,
            "none": 0.0,
        }
        asylum_only = model == HEALTH_MODELS.index("municipal_asylum_only")
        meant = (model != HEALTH_MODELS.index("none")) & ~(asylum_only & ~who.is_sought_asylum)
        by_grace = says_yes(at, at.care_none_share, who.city, at.asks_per_month)
        chance = np.where(meant, np.array([by_model[name] for name in HEALTH_MODELS])[model], by_grace)
        # Costs of residents are covered on application (M026).
        chance = np.where(in_centre, np.maximum(chance, at.care_centre_share), chance)
        received = drawn(world, "care_given", rows, np.where(sought, chance, 0.0))
        # Hospitals and private doctors send a bill; volunteers and municipal offers for the group do not (F 5.2, 5.3).
        billed = received & ~meant & ~in_centre
        p.has_bill[rows[billed]] |= drawn(world, "care_bill", rows[billed], at.care_bill_share)
        history.outcome("care_needed", month, p.place[rows])
        history.outcome("care_sought", month, p.place[rows[sought]])
        history.outcome("care_received", month, p.place[rows[received]])
        world.note(RegisterEvent.HEALTH_CONTACT, rows[received])

    def _offences(self, world: World, at: At, rows: IntArray) -> None:
        """Few report while reporting may lead to removal, and some who do meet the police for it (M066, M099, M112).

        Police say that they often do not remove somebody who reports a crime, and nobody can count on it (F 9.2).
        """
        p, month, history = world.population, world.month, world.history
        ratio = at.safe_reporting_ratio if at.no_removal_when_reporting else 1.0
        reported = drawn(world, "offence_reported", rows, min(1.0, at.offence_reported_share * ratio))
        history.outcome("offences_reported", month, p.place[rows[reported]])
        history.outcome("offences_unreported", month, p.place[rows[~reported]])
        if not at.no_removal_when_reporting:
            heads = rows[reported]
            heads = heads[p.guardian[heads] < 0]
            removed = drawn(world, "reporter_removed", heads, 1.0 - at.reporter_spared_share)
            meets_police(world, heads[removed], "identity_control")

    @twinned
    def _sums(self, world: World, at: At) -> None:
        p, month, history = world.population, world.month, world.history
        here = np.flatnonzero(p.is_here)
        strategy = p.strategy[here]
        falling = here[strategy == Strategy.FRITT_FALL]
        without_bed = 1.0 - world.bed_share[CITY_OF[p.place[falling]]]
        history.outcome("roofless_person_months", month, p.place[falling], at.roofless_share * without_bed)
        guests = here[strategy == Strategy.AVHENGIG]
        history.outcome("homeless_person_months", month, p.place[falling])
        # NIBR counts those who stay with others for the time being; not partners or near relatives.
        loosely = guests[STAYS_LOOSELY[p.substrategy[guests]]]
        history.outcome("homeless_person_months", month, p.place[loosely])
        working = here[p.is_exploited[here]]
        history.outcome("exploitative_work_person_months", month, p.place[working])
        history.outcome("wages_withheld_nok", month, p.place[working], at.wage_gap_nok)
        heads = guests[p.guardian[guests] < 0]
        used = heads[world.hosts.is_exploitative[p.host[heads]] | (p.substrategy[heads] == Substrategy.SURVIVAL_SEX)]
        history.outcome("exploitative_dependence_person_months", month, p.place[used])
        history.outcome("violent_relation_person_months", month, p.place[here[p.in_violence[here]]])
        kids = p.kid_rows[~is_exit(p.strategy[p.kid_rows])]
        in_centre = p.strategy[kids] == Strategy.SYNLIG
        history.outcome("child_months_in_centre", month, p.place[kids[in_centre]])
        history.outcome("child_months_outside", month, p.place[kids[~in_centre]])
        citizen = kids[(p.child_status[kids] == 2) & (p.household[kids] == Household.CHILD)]
        history.outcome("citizen_children_with_parent_at_risk", month, p.place[citizen])
        residents = here[strategy == Strategy.SYNLIG]
        history.outcome("centre_bed_days", month, p.place[residents], 30.44)
        held = here[(p.transport_due[here] >= 0) & (p.track[here] != PRISON)]
        history.outcome("detention_days", month, p.place[held], 30.44 / at.detention_turnover_count)
