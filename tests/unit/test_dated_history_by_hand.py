"""Dated history by hand: tax cards withdrawn in 2011, and the offers of 2016 to those who return."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.scenes import Scene
from helpers.worlds import baseline
from irregsim.model.month import exits, labour
from irregsim.model.parameters import point_draw
from irregsim.model.values import Values
from irregsim.scenario import load_scenario
from irregsim.vocabulary.codes import Household, month_number

RESIDENT = {"is_sought_asylum": True}


def values(**changes: float) -> Values:
    return Values(baseline("2021-12"), {**point_draw(), **changes})


def test_the_cards_withdrawn_in_2011_are_the_share():
    share = 0.3
    made = values(tax_card_withdrawn_2011_share=share)
    hazard = [made.at(month).tax_card_withdrawn_hazard for month in range(made.months)]
    dated = range(month_number("2011-01"), month_number("2012-01"))
    assert {month for month, one in enumerate(hazard) if one > 0.0} == set(dated)
    assert np.exp(-sum(hazard)) == pytest.approx(1.0 - share)
    # Who comes later finds the same practice, until the lever of 2015 takes over.
    kept = [made.at(month_number(month)).tax_card_kept_ratio for month in ("2010-12", "2011-12", "2014-12", "2015-01")]
    assert kept == pytest.approx([1.0, 1.0 - share, 1.0 - share, 1.0])


def test_nobody_loses_a_card_in_2011_without_the_fact_or_the_claim():
    left_out = Values(load_scenario("baseline", end="2021-12", without=["U30"]).levers, point_draw())
    for made in (left_out, values(tax_card_withdrawn_2011_share=0.0)):
        assert all(made.at(month).tax_card_withdrawn_hazard == 0.0 for month in range(made.months))
        assert all(made.at(month).tax_card_kept_ratio == 1.0 for month in range(made.months))


def test_who_works_with_a_card_loses_it_first_in_single_cases_and_then_by_the_practice():
    s = Scene(point_draw())
    who = s.who({"has_tax_card": True}, {"has_tax_card": False})
    given = {"tax_card_withdrawn_hazard": 0.06, "tax_card_loss_2015_hazard": 0.04}
    assert labour.tax_card_loss_hazard(who, s.under(tax_card=True, **given)).tolist() == [0.06, 0.0]
    assert labour.tax_card_loss_hazard(who, s.under(tax_card=False, **given)).tolist() == [0.04, 0.0]


def test_the_extra_offers_of_2016_are_dated():
    made = values()
    months = [f"2016-{month:02d}" for month in range(3, 13)]
    support = [made.at(month_number(month)).assisted_support_nok for month in months]
    assert support == [20_000, 22_000, 30_000, 22_000, *[20_000] * 6]
    assert sum(support[1:4]) - 3 * 20_000 == pytest.approx(10_000 * 42 / 30, rel=1e-9)  # 42 days
    family = [made.at(month_number(month)).assisted_family_offer_nok for month in months]
    assert family == [*[0.0] * 8, 20_000.0, 20_000.0]


@pytest.mark.parametrize("elasticity", [0.2, 0.5])
@pytest.mark.parametrize(("months", "after"), [(0, 1.0), (6, 0.4)])
def test_what_families_are_offered_counts_per_head(elasticity, months, after):
    s = Scene(point_draw())
    born = s.world.month - months
    alone = {**RESIDENT, "entry_month": born}
    who = s.who(alone, {**alone, "household": int(Household.GUARDIAN)})
    given = {
        "assisted_support_elasticity": elasticity,
        "assisted_support_nok": 20_000.0,
        "assisted_support_after_deadline_share": after,
        "children_per_guardian_mean": 3.0,
    }
    before, then = (
        exits.assisted_factor(who, s.under(assisted_family_offer_nok=nok, **given)) for nok in (0.0, 20_000.0)
    )
    # A guardian with three children: four heads share three offers.
    ratio = (20_000 * after + 15_000) / (20_000 * after)
    assert (then / before).tolist() == pytest.approx([1.0, ratio**elasticity])
