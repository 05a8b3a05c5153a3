"""Each register on a history made by hand: what is expected was worked out without the code."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from irregsim.inference.targets import targets
from irregsim.model.draws import Draws
from irregsim.model.history import OUTSIDE_STOCK, History
from irregsim.model.parameters import parameters, point_draw
from irregsim.model.registers import REGISTERS, WIDER, Noise, Observer, Scope, outside, outside_parts, shown_series
from irregsim.scenario.expectations import outcome_names
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, RegisterEvent
from irregsim.vocabulary.reference import DataError
from irregsim.vocabulary.report_tables import load

pytestmark = pytest.mark.once

PLACE = {place.name: place.index for place in reference.places()}
COUNTRY = {country.name: country.index for country in reference.countries()}
BY_NAME = {register.name: register for register in REGISTERS}

#: Without noise: so large a size leaves a gamma factor within a hundred-thousandth of 1.
QUIET = {"register_overdispersion": 1e12, "duty_register_size": 1e12, "register_country_size": 1e12}
#: Without breaks or parts from outside.
PLAIN = {
    **QUIET,
    "duty_register_break_ratio": 1.0,
    "dublin_in_register_share": 0.0,
    "pu_own_order_share": 0.0,
    "sanctions_in_scope_share": 1.0,
    "assisted_pending_share": 0.0,
}


def month(year: int, number: int = 6) -> int:
    """Month number of a calendar month."""
    return (year - 2009) * 12 + number - 1


def history(*events: tuple[int, RegisterEvent, str, str, int], months: int = 144) -> History:
    """A history of 2009-2020 with events (month, event, place, country, how many)."""
    made = History(months)
    for when, event, place, country, count in events:
        made.register(when, event, np.full(count, PLACE[place]), np.full(count, COUNTRY[country]))
    return made


def counts(
    name: str, made: History, years: range, *, scale: float = 1.0, seed: int = 1, replicate: int = 0, **draw: float
) -> dict[tuple[str, str, str], int]:
    """What a register tells of a history: (period, dimension, key) to count."""
    observer = Observer(made, Draws(seed, replicate), {**point_draw(), **PLAIN, **draw}, years, scale)
    rows = BY_NAME[name].observe(observer)
    assert len({row[:3] for row in rows}) == len(rows), "one count per cell"
    return {(period, dimension, key): count for period, dimension, key, count in rows}


# ---------------------------------------------------------------------------------------------------------
# Residents with a duty to leave


def residents() -> History:
    made = History(144)
    for year in (2018, 2019):
        made.duty_in_centres[month(year, 12), COUNTRY["Eritrea"]] = 30
        made.duty_in_centres[month(year, 12), COUNTRY["Iran"]] = 70
        made.dublin_in_centres[month(year, 12), COUNTRY["Iran"]] = 20
        made.duty_in_centres[month(year, 11), COUNTRY["Iran"]] = 999  # not the last day of the year
    return made


def test_residents_are_counted_in_month_twelve_with_a_share_of_dublin_cases():
    seen = counts("udi_return_duty_stock", residents(), range(2018, 2020), dublin_in_register_share=0.25)
    assert seen == {
        (f"{year}-12", dimension, key): count
        for year in (2018, 2019)
        for dimension, key, count in (("total", "total", 105), ("country", "Eritrea", 30), ("country", "Iran", 75))
    }


def test_the_source_of_the_stock_changes_with_2019():
    seen = counts(
        "udi_return_duty_stock",
        residents(),
        range(2018, 2020),
        dublin_in_register_share=0.25,
        duty_register_break_ratio=1.2,
    )
    assert seen["2018-12", "total", "total"] == 126  # 105 * 1.2
    assert (seen["2018-12", "country", "Eritrea"], seen["2018-12", "country", "Iran"]) == (36, 90)
    assert seen["2019-12", "total", "total"] == 105


def test_a_wider_error_of_the_stock_is_shared_by_countries():
    seen = counts("udi_return_duty_stock", residents(), range(2019, 2020), duty_register_size=4.0)
    total = seen["2019-12", "total", "total"]
    assert total != 100
    assert seen["2019-12", "country", "Eritrea"] == pytest.approx(0.3 * total, abs=1)
    assert seen["2019-12", "country", "Eritrea"] + seen["2019-12", "country", "Iran"] == total


# ---------------------------------------------------------------------------------------------------------
# Expulsions


def expulsions() -> History:
    act, penal = RegisterEvent.EXPULSION_IMMIGRATION_ACT, RegisterEvent.EXPULSION_PENAL
    per_year = [
        event
        for year in (2014, 2015, 2017, 2018)
        for event in (
            (month(year), act, "Oslo", "Kina", 120),
            (month(year), act, "Øst", "Ukraina", 80),
            (month(year), penal, "Oslo", "Albania", 100),
        )
    ]
    return history(*per_year)


def test_expulsions_by_ground_and_country_are_all_counted():
    seen = counts("udi_expulsions", expulsions(), range(2017, 2019))
    assert seen == {
        ("2017", "ground", "utlendingsloven"): 200,
        ("2017", "country_ground", "Kina:utlendingsloven"): 120,
        ("2017", "country_ground", "Ukraina:utlendingsloven"): 80,
        ("2017", "ground", "straff"): 100,
        ("2017", "country_ground", "Albania:straff"): 100,
        ("2018", "ground", "utlendingsloven"): 200,
        ("2018", "country_ground", "Kina:utlendingsloven"): 120,
        ("2018", "country_ground", "Ukraina:utlendingsloven"): 80,
        ("2018", "ground", "straff"): 100,
        ("2018", "country_ground", "Albania:straff"): 100,
    }


@pytest.mark.parametrize(("scale", "wider"), [(1.0, 300 + 1500), (0.1, 300 + 150)])
def test_a_wider_count_of_expulsions_stands_where_the_part_was_published(scale, wider):
    seen = counts("udi_expulsions", expulsions(), range(2014, 2016), scale=scale)
    assert {cell: count for cell, count in seen.items() if cell[1] == "scope"} == {
        ("2015", "scope", "with_eu_eea"): wider
    }


def test_an_expulsion_counts_in_the_year_of_the_decision():
    made = History(132)  # to 2019-12
    act, here = RegisterEvent.EXPULSION_IMMIGRATION_ACT, np.zeros(4, dtype=np.int64)
    made.register(month(2018, 12), act, here, here, delay=np.array([0, 0, 1, 2]))
    made.register(month(2019, 12), act, here, here, delay=np.array([0, 1, 1, 1]))
    seen = counts("udi_expulsions", made, range(2018, 2020))
    assert seen["2018", "ground", "utlendingsloven"] == 2
    # Two of the first four, one of the last; three are decided after the last month and stand in no year.
    assert seen["2019", "ground", "utlendingsloven"] == 3
    assert seen["2018", "ground", "straff"] == 0


def test_countries_vary_more_than_the_ground_and_add_up_to_it():
    noisy = {"register_overdispersion": 150.0, "register_country_size": 15.0}
    shares = []
    for replicate in range(60):
        seen = counts("udi_expulsions", expulsions(), range(2018, 2019), replicate=replicate, **noisy)
        china, ukraine = (seen["2018", "country_ground", f"{name}:utlendingsloven"] for name in ("Kina", "Ukraina"))
        assert china + ukraine == seen["2018", "ground", "utlendingsloven"]
        shares.append(china / (china + ukraine))
    # Two gamma factors of variance 1/15 give the share .6 a standard deviation of about .6 * .4 * sqrt(2 / 15) = .088,
    # and 60 draws know it to .008 and the mean to .011: five of these either way.
    assert 0.048 < np.std(shares) < 0.128
    assert np.mean(shares) == pytest.approx(0.6, abs=0.057)


# ---------------------------------------------------------------------------------------------------------
# Orders and transports


def test_orders_by_district_without_asylum_and_with_an_own_part_of_the_east():
    expelled, refused, asylum = (
        RegisterEvent.ORDER_EXPELLED,
        RegisterEvent.ORDER_BORTVIST,
        RegisterEvent.ORDER_ASYLUM,
    )
    when = month(2019)
    made = history(
        (when, expelled, "Oslo", "Kina", 60),
        (when, refused, "Oslo", "Russland", 40),
        (when, refused, "Øst", "Russland", 50),
        (when, expelled, "Sør-Øst", "Kina", 30),
        (when, expelled, "Vest/Bergen", "Kina", 8),
        (when, expelled, "Vest/other", "Kina", 2),
        (when, expelled, "Innlandet", "Kina", 4),
        (when, expelled, "Andre", "Kina", 3),
        (when, asylum, "Oslo", "Iran", 7),
    )
    seen = counts("pu_orders", made, range(2019, 2020), pu_own_order_share=0.1)
    assert {key: n for (_, dimension, key), n in seen.items() if dimension == "district"} == {
        "Oslo": 90,
        "Øst": 45,
        "Sør-Øst": 27,
        "Agder": 0,
        "Sør-Vest": 0,
        "Vest": 10,
        "Trøndelag": 0,
        "Andre": 7,  # Innlandet has no row in tabell 10.1
        "PU": 18,  # 10 + 5 + 3
    }
    assert seen["2019", "total", "total"] == 197
    assert seen["2019", "track", "asylum"] == 7


def test_transports_by_track_and_both_scopes():
    when = month(2019)
    made = history(
        (when, RegisterEvent.TRANSPORT_ASYLUM, "Oslo", "Iran", 11),
        (when, RegisterEvent.TRANSPORT_DUBLIN, "Øst", "Somalia", 5),
        (when, RegisterEvent.TRANSPORT_EXPELLED, "Oslo", "Kina", 23),
        (when, RegisterEvent.TRANSPORT_BORTVIST, "Øst", "Russland", 31),
        (month(2018), RegisterEvent.TRANSPORT_DUBLIN, "Øst", "Somalia", 2),
    )
    seen = counts("pu_returns_executed", made, range(2018, 2020))
    assert {cell[1:]: n for cell, n in seen.items() if cell[0] == "2019"} == {
        ("total", "total"): 65,  # Dublin goes to a state of the EU
        ("track", "asylum"): 11,
        ("track", "dublin"): 5,
        ("track", "utvist"): 23,
        ("track", "bortvist"): 31,
        ("scope", "with_dublin"): 70,
    }
    assert seen["2018", "scope", "with_dublin"] == 2


# ---------------------------------------------------------------------------------------------------------
# Sanctions, assisted returns, centres left, health


def sanctions() -> History:
    events = [
        (month(year), side, place, "Kina", count)
        for year in range(2016, 2020)
        for side, place, count in (
            (RegisterEvent.EMPLOYER_SANCTION, "Oslo", 20),
            (RegisterEvent.EMPLOYER_SANCTION, "Innlandet", 5),
            (RegisterEvent.WORKER_SANCTION, "Agder/other", 3),
        )
    ]
    return history(*events)


def test_sanctions_by_side_and_district_and_the_sums_of_four_years():
    seen = counts("ssb_sanctions", sanctions(), range(2015, 2020))
    assert seen["2015", "employer", "total"] == 0
    assert seen["2017", "employer", "total"] == 25
    assert seen["2017", "employer", "Oslo"] == 20
    assert seen["2016-2019", "employer", "Innlandet"] == 20
    assert seen["2016-2019", "worker", "Agder"] == seen["2016-2019", "worker", "total"] == 12
    assert {key for _, dimension, key in seen if dimension == "worker"} == {*DISTRICTS, "total"}


def test_no_sum_of_sanctions_without_all_four_years():
    seen = counts("ssb_sanctions", sanctions(), range(2017, 2020))
    assert {period for period, _, _ in seen} == {"2017", "2018", "2019"}


def test_sanctions_also_count_persons_with_stay_but_no_permit_to_work():
    made = sanctions()
    totals = [
        counts("ssb_sanctions", made, range(2016, 2020), replicate=r, sanctions_in_scope_share=0.4)[
            "2016-2019", "employer", "total"
        ]
        for r in range(40)
    ]
    assert min(totals) >= 100  # those of the latent population are always in
    # 100 * .6 / .4 = 150 beside them: 40 Poisson numbers, whose mean strays by less than 5 standard deviations.
    assert np.mean(totals) == pytest.approx(250, abs=5 * math.sqrt(150 / 40))
    assert np.std(totals) > 5


def assisted(count: int) -> History:
    event = RegisterEvent.ASSISTED_RETURN
    return history(*((month(year), event, "Oslo", "Iran", count) for year in (2014, 2015, 2016)))


@pytest.mark.parametrize(("count", "printed"), [(149, 100), (150, 200), (249, 200)])
def test_assisted_returns_are_printed_in_hundreds_before_2015(count, printed):
    seen = counts("assisted_returns", assisted(count), range(2014, 2016))
    assert seen == {("2014", "total", "total"): printed, ("2015", "total", "total"): count}
    smaller = counts("assisted_returns", assisted(count), range(2014, 2016), scale=0.1)
    assert smaller["2014", "total", "total"] == count


def test_assisted_returns_include_pending_cases():
    applications = reference.yearly_series("applications")
    pending = 0.03 * (applications[2015] + applications[2016])
    found = [
        counts("assisted_returns", assisted(100), range(2016, 2017), replicate=r, assisted_pending_share=0.03)[
            "2016", "total", "total"
        ]
        for r in range(40)
    ]
    assert np.mean(found) == pytest.approx(100 + pending, abs=5 * math.sqrt(pending / 40))


def test_departures_from_centres_are_counted_in_their_year():
    left = RegisterEvent.LEFT_CENTRE
    made = history((month(2018, 12), left, "Andre", "Iran", 9), (month(2019, 1), left, "Oslo", "Iran", 4))
    seen = counts("left_centre_without_address", made, range(2018, 2020))
    assert seen == {("2018", "total", "total"): 9, ("2019", "total", "total"): 4}


def test_health_contacts_are_thousandths_of_the_five_cities():
    contact = RegisterEvent.HEALTH_CONTACT
    made = history(
        (month(2019), contact, "Oslo", "Kina", 6),
        (month(2020), contact, "Vest/Bergen", "Kina", 2),
        (month(2020), contact, "Vest/other", "Kina", 50),  # not one of the five cities
        (month(2018), contact, "Oslo", "Kina", 99),
    )
    seen = counts("health_contacts", made, range(2018, 2021))
    assert {key: n for (_, _, key), n in seen.items()} == {
        "Oslo": 750,
        "Bergen": 250,
        "Trondheim": 0,
        "Stavanger": 0,
        "Kristiansand": 0,
    }
    assert {period for period, _, _ in seen} == {"2019-2020"}
    assert counts("health_contacts", made, range(2018, 2020)) == {}


# ---------------------------------------------------------------------------------------------------------
# What registers share


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - {"health_contacts"}))
def test_a_register_of_nothing_counts_nothing(name):
    empty = History(144)
    assert {n for (_, dimension, _), n in counts(name, empty, range(2012, 2019)).items() if dimension != "scope"} == {0}


def test_noise_is_keyed_by_seed_and_replicate():
    def total(seed: int, replicate: int) -> int:
        made = history((month(2019), RegisterEvent.LEFT_CENTRE, "Oslo", "Iran", 1000))
        noisy = {"register_overdispersion": 25.0}
        seen = counts("left_centre_without_address", made, range(2019, 2020), seed=seed, replicate=replicate, **noisy)
        return seen["2019", "total", "total"]

    assert total(1, 0) == total(1, 0)
    assert len({total(1, 0), total(1, 1), total(2, 0), total(2, 1)}) == 4
    factors = np.array([total(3, replicate) for replicate in range(400)]) / 1000
    # A gamma factor of mean 1 and variance 1/25: five standard errors of 400 draws.
    assert factors.mean() == pytest.approx(1.0, abs=5 * 0.2 / math.sqrt(400))
    assert factors.std() == pytest.approx(0.2, rel=5 / math.sqrt(2 * 400) * 1.2)


def test_a_break_is_rounded_half_up_in_the_years_before_it_only():
    observer = Observer(History(144), Draws(1, 0), point_draw(), range(2017, 2020))
    table = np.array([[10, 5], [10, 5], [10, 5]])
    assert observer.before_break(table, 0.25, 2020).tolist() == [[3, 1]] * 3  # 2.5 and 1.25
    assert observer.before_break(table, 1.5, 2018).tolist() == [[15, 8], [10, 5], [10, 5]]
    assert observer.before_break(table, 1.5, 2017).tolist() == table.tolist()


def test_how_a_person_lived_does_not_change_a_register():
    """Registers do not see strategies: they add over them."""
    apart, alike = History(144), History(144)
    for strategy in range(OUTSIDE_STOCK + 1):
        apart.register(month(2019), RegisterEvent.TRANSPORT_BORTVIST, 0, 0, strategy=strategy)
        alike.register(month(2019), RegisterEvent.TRANSPORT_BORTVIST, 0, 0)
    years = range(2019, 2020)
    seen = counts("pu_returns_executed", apart, years)
    assert seen == counts("pu_returns_executed", alike, years)
    assert seen["2019", "track", "bortvist"] == 6


# ---------------------------------------------------------------------------------------------------------
# Scopes


def test_every_event_belongs_to_one_register():
    events = [event for register in REGISTERS for event in register.events]
    # Nobody tells an agency of those who leave unnoticed: their names stay on the list of PU for a while.
    assert sorted(events) == sorted(set(RegisterEvent) - {RegisterEvent.LEFT_UNNOTICED})
    assert all(bool(register.events) != register.is_stock for register in REGISTERS)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_every_question_about_a_register_is_answered(register):
    assert isinstance(register.scope, Scope)
    answers = dict(register.scope.items())
    assert len(answers) == 14
    assert all(text.strip() and text == text.strip() and not text.endswith(".") for text in answers.values())
    assert {"EU/EEA", "Dublin", "pending", "legal residents", "cut-off", "double counting"} <= set(answers)


def test_parameters_and_keys_named_in_scopes_exist():
    keys = {"scope", "with_dublin", "with_eu_eea", "Andre"}
    texts = " ".join(text for register in REGISTERS for _, text in register.scope.items())
    assert "`` " not in texts
    named = set(re.findall(r"`([^`]+)`", texts))
    assert named - keys - set(parameters()) == set()
    assert {"duty_register_break_ratio", "sanctions_in_scope_share"} <= named


def test_the_median_break_leaves_counts_as_they_happened():
    assert point_draw()["duty_register_break_ratio"] == 1.0


def test_parts_outside_are_those_of_the_public_figures():
    figures = {
        (row["dimension"], row["year"]): int(row["value"])
        for row in load("public_figures")
        if row["series"] == "expulsion_decisions_UDI"
    }
    assert outside_parts().keys() == {("udi_expulsions", "eu_eea")}, "no other part stands in the public figures"
    parts = outside_parts()["udi_expulsions", "eu_eea"]
    assert parts == {
        int(year): count for (ground, year), count in figures.items() if ground in ("EEA rules", "penal, EU/EEA")
    }
    # Where the grounds and the part are known they make up the total, rounded to hundreds in 2015 and 2016.
    assert parts[2013] + figures["immigration act", "2013"] + figures["punished, third-country", "2013"] == 5198
    for year in (2015, 2016):
        own = figures["immigration act", str(year)] + figures["penal, non-EU/EEA", str(year)]
        assert own + parts[year] == pytest.approx(figures["total", str(year)], abs=150)


def test_wider_counts_stand_under_the_register_of_wider_targets():
    context = {(t.register, t.dimension, t.key) for t in targets() if t.use == "context"}
    assert set(WIDER) <= context
    # Published with citizens of the EU and EEA, without a figure for their part: nothing to lay beside it.
    assert context - set(WIDER) == {
        ("pu_returns_executed", "total", "total"),
        ("pu_returns_executed", "track", "utvist+bortvist"),
    }
    seen = {(name, *cell[1:]) for name, _, _ in WIDER for cell in counts(name, History(144), range(2012, 2021))}
    assert {(register, *WIDER[register, dimension, key]) for register, dimension, key in WIDER} <= seen


GOOD = dict(
    zip(
        outside.COLUMNS,
        ("udi_expulsions", "eu_eea", "2013", "7", "decisions", "documented", "A", "a source", "", ""),
        strict=True,
    )
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": "-7"}, ":2: year and count must be whole numbers"),
        ({"year": "2013-12"}, ":2: year and count must be whole numbers"),
        ({"source": " "}, ":2: every count has a source and a grade"),
        ({"evidence_grade": "E"}, ":2: every count has a source and a grade"),
    ],
)
def test_a_wrong_row_of_the_outside_parts_is_refused(monkeypatch, change, message):
    outside_parts.cache_clear()
    monkeypatch.setattr(outside, "read_table", lambda name: [{**GOOD, **change}])
    with pytest.raises(DataError, match=re.escape(message)):
        outside_parts()


def test_a_year_that_stands_twice_is_refused(monkeypatch):
    outside_parts.cache_clear()
    monkeypatch.setattr(outside, "read_table", lambda name: [GOOD, GOOD])
    with pytest.raises(DataError, match=":3: duplicate 2013"):
        outside_parts()
    monkeypatch.setattr(outside, "read_table", lambda name: [GOOD])
    assert outside_parts() == {("udi_expulsions", "eu_eea"): {2013: 7}}
    outside_parts.cache_clear()


# ---------------------------------------------------------------------------------------------------------
# What a register is expected to count


NOISY = {
    "register_overdispersion": 25.0,
    "duty_register_size": 100.0,
    "register_country_size": 40.0,
    "dublin_in_register_share": 0.5,
    "pu_own_order_share": 0.25,
    "sanctions_in_scope_share": 0.4,
    "assisted_pending_share": 0.01,
}


def of_all_kinds() -> History:
    """Some of every event in 2018 and 2019, and residents."""
    made = history(
        *((month(year), event, place, "Kina", 400) for year in (2018, 2019) for event in RegisterEvent
          for place in ("Oslo", "Øst"))
    )  # fmt: skip
    for year in (2018, 2019):
        made.duty_in_centres[month(year, 12), COUNTRY["Iran"]] = 300
        made.dublin_in_centres[month(year, 12), COUNTRY["Iran"]] = 100
    return made


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_what_a_register_is_expected_to_count_is_the_mean_of_what_it_counts(name: str):
    """Tolerance: four and a half standard errors of the mean of 300 draws, and half a person for rounding."""
    made, draw = of_all_kinds(), {**point_draw(), **NOISY}

    def observe(replicate: int, is_expected: bool) -> dict[tuple[str, ...], float]:
        # Not at scale 1, where early assisted returns are rounded to hundreds.
        observer = Observer(made, Draws(1, replicate), draw, range(2018, 2021), 0.5, is_expected)
        return {tuple(cell): count for *cell, count in BY_NAME[name].observe(observer)}

    expected = observe(0, True)
    counted = [observe(replicate, False) for replicate in range(300)]
    assert expected
    for cell, mean in expected.items():
        drawn = np.array([one.get(cell, 0) for one in counted], dtype=float)
        error = drawn.std() / math.sqrt(len(drawn))
        assert abs(drawn.mean() - mean) < 4.5 * error + 0.5, cell
    # The same for every replicate: nothing is drawn.
    assert observe(7, True) == expected


# ---------------------------------------------------------------------------------------------------------
# Declarations

#: What keys the noise of the registers that have published results: never changed.
STORED_NOISE = {
    "udi_return_duty_stock": [0],
    "udi_expulsions": [1, 2, 20, 21],
    "pu_orders": [3, 4],
    "pu_returns_executed": [5],
    "ssb_sanctions": [6, 7],
    "assisted_returns": [8, 9],
    "left_centre_without_address": [10],
    "health_contacts": [],
}


def test_every_noise_has_a_key_of_its_own_and_stored_ones_stay():
    keys = {name: [noise.key for noise in register.noise] for name, register in BY_NAME.items()}
    assert {name: keys[name] for name in STORED_NOISE} == STORED_NOISE
    every = [noise for register in REGISTERS for noise in register.noise]
    assert len({noise.key for noise in every}) == len(every) == len({noise.name for noise in every})
    subjects = {int(noise.subjects(4096)[-1]) for noise in every}
    assert all(7 << 60 <= subject < 8 << 60 for subject in subjects)  # the range of registers alone


def test_a_noise_without_a_number_has_a_key_made_from_its_name():
    one, same, other = Noise("meetings"), Noise("meetings"), Noise("meetings:asylum")
    assert one.key == same.key == 741_741_296_793  # for ever: counts that were written depend on it
    assert one.key != other.key
    # Far above all stored numbers, and of room for 4096 series each.
    assert all(1 << 20 <= noise.key < 1 << 41 for noise in (one, other))
    assert int(one.subjects(4096)[-1]) < 8 << 60


class Listening(Observer):
    """An observer that keeps the noise that is drawn."""

    def dispersed(self, counts, noise, size):
        self.heard.add(noise)
        return super().dispersed(counts, noise, size)

    def beside(self, channel, mean, noise):
        self.heard.add(noise)
        return super().beside(channel, mean, noise)


@pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)
def test_a_register_says_what_it_writes_and_draws(register):
    observer = Listening(expulsions(), Draws(1, 0), point_draw(), range(2014, 2021))
    observer.heard = set()
    cells = {(dimension, key) for _, dimension, key, _ in register.observe(observer)}
    assert observer.heard == set(register.noise)
    assert set(register.total) <= cells
    assert {(one.dimension, one.key) for one in register.shown} <= cells
    assert set(register.shown_as_cells) <= set(register.dimensions)
    known = {(dimension, key) for dimension, keys in register.dimensions.items() for key in keys}
    # Totals and wider scopes are written beside the dimensions that published counts may have.
    assert {cell for cell in cells if cell[0] not in ("scope", "total")} <= known
    periods = {len(period) for period, *_ in register.observe(observer)}
    assert periods <= ({7} if register.is_stock else {4, 9})


def test_what_a_scenario_may_expect_of_registers_are_those_there_are():
    named = [name.partition(":")[2] for name in outcome_names() if name.startswith("register:")]
    assert sorted(named) == sorted(BY_NAME)


def test_registers_named_first_are_shown_first_and_all_others_follow():
    plain = shown_series()
    assert [name for name, *_ in plain] == [one.name for one in REGISTERS for _ in one.shown]
    moved = shown_series(("assisted_returns", "pu_orders"))
    assert [name for name, *_ in moved[:3]] == ["assisted_returns", "pu_orders", "pu_orders"]
    assert sorted(moved) == sorted(plain)
