"""How districts differ, by hand: geography, the national mean, centres against work crime, and who is held."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from helpers.scenes import Scene
from irregsim.model import districts
from irregsim.model.parameters import point_draw
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, month_number
from irregsim.vocabulary.reference import DataError

OSLO, OST, INNLANDET, AGDER, VEST, ANDRE = (
    DISTRICTS.index(name) for name in ("Oslo", "Øst", "Innlandet", "Agder", "Vest", "Andre")
)
#: Registered residents of Norway on 1 January 2020 (SSB); two rows are divided by rounded numbers.
NORWAY, ROUNDED = 5_367_580, 2 * 500


def test_the_police_districts_have_the_residents_of_the_country():
    assert abs(sum(one.population for one in reference.police_districts()) - NORWAY) < ROUNDED


def test_a_doubling_is_a_doubling():
    """Oslo 41 km, Øst 58 km; the four districts of Andre count by their residents."""
    where = districts.geography()
    assert where.distance[OSLO] == where.population[OSLO] == 0.0
    assert where.distance[OST] == pytest.approx(np.log2(58 / 41))
    people, km = np.array([265238, 241235, 167839, 75472]), np.array([366, 801, 1109, 1369])
    assert where.distance[ANDRE] == pytest.approx((people * np.log2(km / 41)).sum() / people.sum())
    assert where.population[ANDRE] == pytest.approx(np.log2(people.mean() / 915666))
    assert where.share.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("distance", [-0.4, 0.0, 0.3])
@pytest.mark.parametrize("population", [-0.2, 0.5])
def test_geography_moves_control_between_districts_and_not_its_mean(distance, population):
    draw = {
        **point_draw(),
        "district_distance_log_ratio": distance,
        "district_population_log_ratio": population,
        "district_log_sd": 0.5,
    }
    where, ratio = districts.geography(), districts.control_ratio(draw)
    assert where.share @ ratio == pytest.approx(1.0)
    line = distance * where.distance + population * where.population
    assert np.log(ratio / ratio[OSLO]) == pytest.approx(line)
    # An own deviation of two standard deviations is one on the log scale, and is that district's alone.
    own = districts.control_ratio({**draw, "district_control_effect_4": 2.0}) / ratio
    assert np.log(own) == pytest.approx(1.0 * (np.arange(len(DISTRICTS)) == AGDER))
    case = districts.case_mix({**draw, "district_case_effect_4": -2.0})
    assert np.log(case) == pytest.approx(-1.0 * (np.arange(len(DISTRICTS)) == AGDER))


def test_inspections_rise_where_a_centre_opens_and_have_the_level_of_2019():
    draw = {**point_draw(), "akrim_inspection_log_ratio": 0.5}
    ratio = districts.akrim_ratio(draw, 144)
    assert districts.geography().share @ ratio[month_number("2019-06")] == pytest.approx(1.0)
    opened = np.log(ratio / ratio[0])
    assert opened[month_number("2015-06")].tolist() == [0.0] * len(DISTRICTS)
    assert opened[month_number("2015-07"), [OSLO, AGDER, VEST]] == pytest.approx(0.5)
    assert opened[:, [OST, INNLANDET]].max() == 0.0
    # One of the four districts of Andre has a centre: by its share of their residents.
    assert opened[-1, ANDRE] == pytest.approx(0.5 * 241235 / (265238 + 241235 + 167839 + 75472))
    assert districts.akrim_ratio(draw, 12) == pytest.approx(ratio[:12])


def test_who_is_held_follows_the_distance_through_oslo_and_bergen():
    s = Scene(point_draw())
    share = districts.held_share(s.under(detention_near_share=0.9, detention_far_share=0.5))
    assert share[[OSLO, VEST]] == pytest.approx([0.9, 0.5])
    km = {one.name: one.km_to_trandum for one in reference.police_districts()}
    part = np.log(km["Øst"] / km["Oslo"]) / np.log(km["Vest"] / km["Oslo"])
    assert logit(share[OST]) == pytest.approx((1 - part) * logit(0.9))
    assert share[ANDRE] < share[VEST]
    level = districts.held_share(s.under(detention_near_share=0.7, detention_far_share=0.7))
    assert level == pytest.approx(0.7)
    assert districts.held_share(s.under(detention_near_share=0.0, detention_far_share=0.0)).max() < 1e-12


def test_faults_of_the_table_say_where_and_what(monkeypatch):
    rows = [dict(row) for row in reference.read_table("police_districts.csv") if row["district"] != "Vest"]
    rows[0]["district"] = "Olso"
    monkeypatch.setattr(reference, "read_table", lambda _: rows)
    with pytest.raises(DataError) as error:
        reference.police_districts.__wrapped__()
    faults = str(error.value).splitlines()
    assert faults[0].startswith("police_districts.csv: Oslo: no district 'Olso'; there are Oslo, Øst")
    assert [fault.split(": ")[1] for fault in faults[1:]] == ["Oslo", "Vest"]
