"""How a child's entries meet its parent's: every row of the table in the contract."""

from __future__ import annotations

import numpy as np
import pytest

from irregsim.scenario import Scheme, changes_nothing, load_scenario
from irregsim.scenario.levers import HEALTH_MODELS, NAV_RULES
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import CITIES, DISTRICTS, month_number
from scenario_files import child, message_of, steps, write

ETHIOPIA = next(c.index for c in reference.countries() if c.name == "Etiopia")
ERITREA = next(c.index for c in reference.countries() if c.name == "Eritrea")
MOROCCO = next(c.index for c in reference.countries() if c.name == "Marokko")
CENTRE = {centre.name: centre.index for centre in reference.centres()}


def path_of(array):
    return [(month, None if isinstance(value, float) and np.isnan(value) else value) for month, value in clean(array)]


def clean(array):
    """Like ``steps``, with NaN equal to itself."""
    out = []
    for month, value in steps(array):
        same = bool(out) and isinstance(value, float) and np.isnan(value) and np.isnan(out[-1][1])
        if not same:
            out.append((month, value))
    return out


# ---- lists by identity --------------------------------------------------------------------------------------


def test_an_agreement_is_added(tmp_path):
    s = child(tmp_path, "levers: {return_agreements: [{country: Eritrea, from: 2023-01, effectiveness: 0.6}]}\n")
    assert path_of(s.levers.agreement_effectiveness[:, ERITREA]) == [("2012-01", None), ("2023-01", 0.6)]
    assert path_of(s.levers.agreement_effectiveness[:, ETHIOPIA]) == [("2012-01", 0.05)]


def test_the_same_agreement_replaces_and_may_add_an_end(tmp_path):
    text = (
        "period: {start: 2020-01}\nlevers: {return_agreements: [{country: Marokko, "
        "from: 2017-01, to: 2022-12, effectiveness: 0.5}]}\n"
    )
    s = child(tmp_path, text)
    path = path_of(s.levers.agreement_effectiveness[:, MOROCCO])
    # Before the child's period the baseline's value holds.
    assert path == [("2012-01", None), ("2017-01", 0.3), ("2020-01", 0.5), ("2023-01", None)]


def test_effectiveness_null_removes(tmp_path):
    s = child(tmp_path, "levers: {return_agreements: [{country: MA, from: 2017-01, effectiveness: null}]}\n")
    assert path_of(s.levers.agreement_effectiveness[:, MOROCCO]) == [("2012-01", None)]


def test_the_latest_agreement_in_force_counts(tmp_path):
    text = (
        "levers: {return_agreements: [{country: Etiopia, from: 2020-01, to: 2021-12, effectiveness: 0.9},"
        " {country: Eritrea, from: 2022-01, effectiveness: 0.4}, {country: Eritrea, "
        "from: 2024-01, effectiveness: 0}]}\n"
    )
    s = child(tmp_path, text)
    ethiopia = path_of(s.levers.agreement_effectiveness[:, ETHIOPIA])
    assert ethiopia == [("2012-01", 0.05), ("2020-01", 0.9), ("2022-01", 0.05)]
    eritrea = path_of(s.levers.agreement_effectiveness[:, ERITREA])
    assert eritrea == [("2012-01", None), ("2022-01", 0.4), ("2024-01", None)]


@pytest.mark.parametrize("name", ["Etiopia", "Ethiopia", "ET", "etiopia", "et", "ETHIOPIA"])
def test_countries_are_known_by_three_names(tmp_path, name):
    s = child(tmp_path, f"levers: {{return_agreements: [{{country: {name}, from: 2023-01, effectiveness: 0.6}}]}}\n")
    assert s.levers.agreement_effectiveness[-1, ETHIOPIA] == 0.6


def test_a_closing_is_added_replaced_and_removed(tmp_path):
    text = (
        "levers: {reception_centres: {close: [{centre: Hå, on: 2024-07}, {centre: Oslo, "
        "on: 2015-02}, {centre: Bergen, on: null}]}}\n"
    )
    s = child(tmp_path, text)
    assert steps(s.levers.centre_open[:, CENTRE["Hå"]]) == [("2012-01", True), ("2024-07", False)]
    assert steps(s.levers.centre_open[:, CENTRE["Oslo"]]) == [("2012-01", True), ("2015-02", False)]
    assert steps(s.levers.centre_open[:, CENTRE["Bergen"]]) == [("2012-01", True)]
    assert steps(s.levers.centre_open[:, CENTRE["Stavanger"]]) == [("2012-01", True), ("2017-12", False)]


def test_a_closed_centre_opens_again(tmp_path):
    s = child(tmp_path, "levers: {reception_centres: {open: [{centre: Bergen, on: 2024-01}]}}\n")
    bergen = steps(s.levers.centre_open[:, CENTRE["Bergen"]])
    assert bergen == [("2012-01", True), ("2020-12", False), ("2024-01", True)]
    assert not changes_nothing(s)


def test_opening_an_open_centre_changes_nothing(tmp_path):
    assert changes_nothing(child(tmp_path, "levers: {reception_centres: {open: [{centre: Hå, on: 2024-01}]}}\n"))


def test_schemes_are_added_replaced_and_removed(tmp_path):
    parent = (
        "as_known: 2021-05\nlevers: {regularisation: [{from: 2022-01, to: 2022-12, min_years: 16}, {from: 2025-01, "
        "min_years: 10, families_only: true}]}\n"
    )
    write(tmp_path, parent, name="parent")
    own = (
        "levers: {regularisation: [{from: 2022-01, min_years: 5}, {from: 2025-01, min_years: null}, "
        "{from: 2026-01, min_years: 3, min_age_plus_years: 64, no_conviction: true, "
        "sought_asylum_only: true}]}\n"
    )
    s = child(tmp_path, own, extends="parent.yaml")
    assert s.levers.regularisation == (
        Scheme(month_number("2022-01"), None, 5.0, 0.0, False, False, False),
        Scheme(month_number("2026-01"), None, 3.0, 64.0, True, True, False),
    )
    assert load_scenario(tmp_path / "parent.yaml").levers.regularisation == (
        Scheme(month_number("2022-01"), month_number("2022-12"), 16.0, 0.0, False, False, False),
        Scheme(month_number("2025-01"), None, 10.0, 0.0, False, False, True),
    )


def test_an_inherited_scheme_acts_from_the_start_of_the_period(tmp_path):
    scheme = "levers: {regularisation: [{from: 2015-01, to: 2022-12, min_years: 5}]}\n"
    write(tmp_path, f"as_known: 2021-05\n{scheme}", name="parent")
    s = child(tmp_path, "period: {start: 2018-01}\n", extends="parent.yaml")
    assert [(scheme.start, scheme.end) for scheme in s.levers.regularisation] == [
        (month_number("2018-01"), month_number("2022-12"))
    ]
    late = child(tmp_path, "period: {start: 2024-01}\n", extends="parent.yaml")
    assert late.levers.regularisation == ()


def test_rejections_are_replaced_year_by_year_and_the_last_is_held(tmp_path):
    s = child(
        tmp_path,
        "as_known: 2021-05\n"
        "assumptions: {asylum_rejections_per_year: {2022: 900, 2025: {value: 50, reference: x}, 2021: null}}\n",
    )
    assert s.levers.asylum_rejections_per_year == ((2022, 900.0), (2023, 600.0), (2025, 50.0))
    told = {year: s.levers.rejections_in_year(year) for year in (2019, 2020, 2021, 2022, 2024, 2025, 2030)}
    assert told == {2019: None, 2020: None, 2021: None, 2022: 900.0, 2024: 600.0, 2025: 50.0, 2030: 50.0}


# ---- paths --------------------------------------------------------------------------------------------------


def test_a_dated_scalar_overrides_from_its_first_date_on(tmp_path):
    parent = (
        "levers: {fines: {worker_nok: [{from: 2013-01, value: 1}, {from: 2020-01, value: 2}, "
        "{from: 2025-01, value: 3}]}}\n"
    )
    write(tmp_path, parent, name="parent")
    s = child(
        tmp_path,
        "levers: {fines: {worker_nok: [{from: 2022-01, value: 8}, {from: 2019-06, value: 7}]}}\n",
        extends="parent.yaml",
    )
    assert steps(s.levers.worker_nok) == [("2012-01", 8000.0), ("2013-01", 1.0), ("2019-06", 7.0), ("2022-01", 8.0)]


def test_a_bare_scalar_overrides_throughout_the_period(tmp_path):
    s = child(tmp_path, "period: {start: 2015-01}\nlevers: {fines: {employer_base_nok: 7}, work: {tax_card: true}}\n")
    assert steps(s.levers.employer_base_nok, "2009-01") == [("2009-01", 10000.0), ("2015-01", 7.0)]
    assert steps(s.levers.tax_card, "2009-01") == [("2009-01", True)]


def test_a_bare_value_holds_for_a_longer_period_of_a_grandchild(tmp_path):
    write(tmp_path, "period: {start: 2015-01}\nlevers: {fines: {employer_base_nok: 7}}\n", name="parent")
    s = child(tmp_path, "period: {start: 2013-01}\n", extends="parent.yaml")
    assert steps(s.levers.employer_base_nok, "2009-01") == [("2009-01", 10000.0), ("2013-01", 7.0)]


def test_districts_are_overridden_one_by_one_or_all_at_once(tmp_path):
    write(tmp_path, "levers: {controls: {identity_checks: 3}}\n", name="parent")
    text = "levers: {controls: {identity_checks: {Oslo: 2.0, Vest: [{from: 2024-01, value: 1.5}]}}}\n"
    checks = child(tmp_path, text, extends="parent.yaml").levers.identity_checks
    for index, district in enumerate(DISTRICTS):
        path = {"Oslo": [("2012-01", 2.0)], "Vest": [("2012-01", 3.0), ("2024-01", 1.5)]}.get(
            district, [("2012-01", 3.0)]
        )
        assert steps(checks[:, index]) == path
    dated = child(
        tmp_path, "levers: {controls: {identity_checks: [{from: 2024-01, value: 9}]}}\n", extends="parent.yaml"
    )
    assert all(steps(column) == [("2012-01", 3.0), ("2024-01", 9.0)] for column in dated.levers.identity_checks.T)


def test_cities_hold_numbers_flags_and_options(tmp_path):
    text = (
        "levers: {municipal: {shelter: {Bergen: 40}, nav_emergency_help: wide,"
        " health_model: {Stavanger: [{from: 2024-01, value: municipal_open}]}, "
        "crisis_centre_admission: {Oslo: true}}}\n"
    )
    levers = child(tmp_path, text).levers
    bergen, stavanger, oslo = (CITIES.index(city) for city in ("Bergen", "Stavanger", "Oslo"))
    assert steps(levers.shelter_beds[:, bergen]) == [("2012-01", 40.0)]
    assert set(levers.nav_emergency_help[36:].ravel().tolist()) == {NAV_RULES.index("wide")}
    none, municipal_open = HEALTH_MODELS.index("none"), HEALTH_MODELS.index("municipal_open")
    assert steps(levers.health_model[:, stavanger]) == [("2012-01", none), ("2024-01", municipal_open)]
    assert levers.crisis_centre_admission[-1].tolist() == [city == oslo for city in range(5)]


def test_capacity_is_set_by_centre_and_null_gives_it_back_to_the_data(tmp_path):
    write(tmp_path, "levers: {reception_centres: {capacity: {Hå: 10, Trondheim: 5}}}\n", name="parent")
    s = child(
        tmp_path,
        "levers: {reception_centres: {capacity: {Hå: [{from: 2020-01, value: null}]}}}\n",
        extends="parent.yaml",
    )
    assert path_of(s.levers.centre_capacity[:, CENTRE["Hå"]]) == [("2012-01", 10.0), ("2020-01", None)]
    assert path_of(s.levers.centre_capacity[:, CENTRE["Trondheim"]]) == [("2012-01", 5.0)]
    assert np.isnan(s.levers.centre_capacity[:, CENTRE["Oslo"]]).all()


# ---- windows ------------------------------------------------------------------------------------------------


def test_the_directive_is_replaced_and_removed(tmp_path):
    parent = (
        "levers: {employer_sanctions_directive: {from: 2020-01, to: 2021-12, "
        "back_pay_months: 3, duty_to_check: true, complaint_route: false}}\n"
    )
    write(tmp_path, parent, name="parent")
    first = load_scenario(tmp_path / "parent.yaml").levers
    assert steps(first.directive_in_force) == [("2012-01", False), ("2020-01", True), ("2022-01", False)]
    assert steps(first.directive_back_pay_months) == [("2012-01", 0.0), ("2020-01", 3.0), ("2022-01", 0.0)]
    assert steps(first.directive_duty_to_check) == [("2012-01", False), ("2020-01", True), ("2022-01", False)]
    own = (
        "levers: {employer_sanctions_directive: {from: 2024-01, back_pay_months: 0, "
        "duty_to_check: false, complaint_route: true}}\n"
    )
    second = child(tmp_path, own, extends="parent.yaml").levers
    assert steps(second.directive_in_force) == [("2012-01", False), ("2024-01", True)]
    assert steps(second.directive_complaint_route) == [("2012-01", False), ("2024-01", True)]
    third = child(tmp_path, "levers: {employer_sanctions_directive: null}\n", extends="parent.yaml").levers
    assert not third.directive_in_force.any()


def test_the_pandemic_is_replaced_and_removed(tmp_path):
    s = child(tmp_path, "assumptions: {pandemic: {from: 2020-03, to: 2020-05}}\n")
    assert steps(s.levers.pandemic) == [("2012-01", False), ("2020-03", True), ("2020-06", False)]
    assert steps(child(tmp_path, "assumptions: {pandemic: null}\n").levers.pandemic) == [("2012-01", False)]
    # Months before the period keep the baseline's pandemic.
    late = child(tmp_path, "period: {start: 2021-01}\nassumptions: {pandemic: null}\n")
    assert steps(late.levers.pandemic) == [("2012-01", False), ("2020-03", True), ("2021-01", False)]


def test_settings_hold_for_the_whole_simulation(tmp_path):
    text = (
        "assumptions: {inflow_pull: true, interactions: false, response: {return_risk: 0.5, "
        "departure_from_hardship: null}}\n"
    )
    levers = child(tmp_path, text).levers
    assert (levers.inflow_pull, levers.interactions, levers.return_risk) == (True, False, 0.5)
    assert levers.departure_from_hardship is None


# ---- parents and periods ------------------------------------------------------------------------------------


def test_a_shipped_name_goes_before_a_local_file(tmp_path):
    write(
        tmp_path,
        "levers: {fines: {worker_nok: 1}}\nperiod: {start: 2012-01, end: 2013-12}\n",
        name="baseline",
        extends=None,
    )
    assert child(tmp_path, "").levers.worker_nok[-1] == 8000.0
    assert child(tmp_path, "", extends="baseline.yaml").levers.worker_nok[-1] == 1.0


def test_a_parent_may_lie_below(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "levers: {fines: {worker_nok: 1}}\n", name="parent")
    assert child(tmp_path, "", extends="sub/parent.yaml").levers.worker_nok[-1] == 1.0


def test_period_and_run_are_inherited_one_by_one(tmp_path):
    write(tmp_path, "period: {start: 2014-01, end: 2025-12}\nrun: {replicates: 7, seed: 0}\n", name="parent")
    s = child(tmp_path, "period: {end: 2020-06}\nrun: {replicates: 3}\n", extends="parent.yaml")
    assert (s.start, s.end, s.replicates, s.seed) == (month_number("2014-01"), month_number("2020-06"), 3, 0)
    assert s.levers.months == s.end + 1


def test_titles_are_not_inherited(tmp_path):
    s = child(tmp_path, "")
    assert s.title == {"nb": "child", "en": "child"}
    assert s.description == ""
    assert child(tmp_path, "title: Both\n").title == {"nb": "Both", "en": "Both"}
    assert child(tmp_path, "title: {en: Only}\n").title == {"nb": "Only", "en": "Only"}


def test_a_shorter_period_cuts_what_is_inherited_without_an_error(tmp_path):
    text = (
        "as_known: 2021-05\nlevers: {return_agreements: [{country: Eritrea, from: 2025-01, effectiveness: 0.5}],"
        " regularisation: [{from: 2026-01, min_years: 5}]}\nassumptions: {asylum_rejections_per_year: {2027: 5}}\n"
    )
    write(tmp_path, text, name="parent")
    s = child(tmp_path, "period: {end: 2022-12}\n", extends="parent.yaml")
    assert s.levers.regularisation == ()
    assert s.levers.asylum_rejections_per_year == ((2021, 300.0), (2022, 500.0))
    assert np.isnan(s.levers.agreement_effectiveness[:, ERITREA]).all()
    assert changes_nothing(s)


def test_a_longer_period_holds_the_last_values(tmp_path):
    s = child(tmp_path, "as_known: 2021-05\nperiod: {end: 2040-12}\n")
    assert s.end == month_number("2040-12")
    assert s.levers.employer_base_nok[-1] == 50000.0
    assert s.levers.rejections_in_year(2040) == 600.0


def test_before_the_period_the_shipped_baseline_holds(tmp_path):
    s = child(
        tmp_path,
        "period: {start: 2016-01, end: 2020-12}\nlevers: {fines: {employer_base_nok: 5}}\n",
        extends=None,
    )
    base = load_scenario("baseline").levers
    assert np.array_equal(s.levers.employer_base_nok[:84], base.employer_base_nok[:84])
    assert (s.levers.employer_base_nok[84:] == 5).all()
    # Without a parent the registry's defaults hold from the start of the period.
    assert steps(s.levers.agreement_effectiveness[:, ETHIOPIA], "2015-12")[0] == ("2015-12", 0.05)
    assert np.isnan(s.levers.agreement_effectiveness[84:, ETHIOPIA]).all()
    assert not changes_nothing(s)


def test_only_the_baseline_may_state_what_held_before_its_period(tmp_path):
    text = "period: {start: 2016-01, end: 2020-12}\nlevers: {fines: {worker_nok: [{from: 2010-01, value: 5}]}}\n"
    assert "2010-01 is outside the period" in message_of(write(tmp_path, text, name="other", extends=None))
    # A copy of the baseline stays readable; what held before its period is still the shipped baseline's.
    copy = child(tmp_path, text, name="baseline", extends=None)
    assert steps(copy.levers.worker_nok, "2009-01") == [("2009-01", 8000.0), ("2016-01", 5.0)]


# ---- --set and --end ----------------------------------------------------------------------------------------


def test_set_acts_like_a_child(tmp_path):
    path = write(
        tmp_path, "levers: {fines: {worker_nok: [{from: 2020-01, value: 1}]}, controls: {identity_checks: 3}}\n"
    )
    s = load_scenario(
        path,
        overrides=[
            "levers.fines.worker_nok=[{from: 2022-01, value: 2}]",
            "levers.controls.identity_checks.Oslo=5",
            "levers.return_agreements=[{country: Eritrea, from: 2023-01, effectiveness: 0.6}]",
            "assumptions.asylum_rejections_per_year.2024=10",
            "run.seed=9",
            "name=renamed",
        ],
    )
    assert steps(s.levers.worker_nok) == [("2012-01", 8000.0), ("2020-01", 1.0), ("2022-01", 2.0)]
    assert s.levers.identity_checks[-1].tolist() == [5.0] + [3.0] * 8
    assert s.levers.agreement_effectiveness[-1, ERITREA] == 0.6
    assert s.levers.agreement_effectiveness[-1, ETHIOPIA] == 0.05
    assert s.levers.asylum_rejections_per_year[-1] == (2024, 10.0)
    assert (s.seed, s.name) == (9, "renamed")


def test_the_last_set_wins():
    s = load_scenario("baseline", overrides=["levers.fines.worker_nok=1", "levers.fines.worker_nok=2"])
    assert s.levers.worker_nok[-1] == 2.0


def test_set_takes_yaml_and_null():
    s = load_scenario(
        "baseline", overrides=["assumptions.pandemic=null", "levers.fines={worker_nok: 1, employer_base_nok: 2}"]
    )
    assert not s.levers.pandemic[36:].any()
    assert (s.levers.worker_nok[-1], s.levers.employer_base_nok[-1]) == (1.0, 2.0)
    assert not load_scenario("baseline", overrides=["assumptions.pandemic="]).levers.pandemic[36:].any()


def test_set_acts_from_the_start_of_the_period():
    s = load_scenario("baseline", overrides=["levers.fines.worker_nok=1"])
    assert steps(s.levers.worker_nok, "2009-01") == [("2009-01", 8000.0), ("2012-01", 1.0)]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("levers.fines.worker_nok", "--set:1:1: 'levers.fines.worker_nok' is not KEY=VALUE"),
        ("=5", "--set:1:1: '=5' is not KEY=VALUE"),
        ("levers..x=5", "--set:1:1: 'levers..x=5' is not KEY=VALUE"),
        ("levers.fines.worker_nok=-5", "--set:1:1: levers.fines.worker_nok: -5 is outside"),
        ("levers.fines.workers_nok=5", "--set:1:1: levers.fines.workers_nok: no such lever (did you mean worker_nok?)"),
        (
            "levers.fines.worker_nok=[{from: 2040-01, value: 5}]",
            "--set:1:1: levers.fines.worker_nok[0].from: 2040-01 is outside",
        ),
        ("levers.fines.worker_nok=[1", "--set:1:1: levers.fines.worker_nok: a bracket"),
        ("levers.fines.worker_nok=!!int 5", "--set:1:1: levers.fines.worker_nok: YAML tags"),
        ("levers.fines.worker_nok.x=5", "--set:1:1: levers.fines.worker_nok: must be a number or a list"),
        ("extends=baseline", "--set:1:1: extends: cannot be set"),
        ("period.end=1999-01", "--set:1:1: period.end: 1999-01 is before 2009-01"),
        (
            "levers.reception_centres.close=[{centre: Hå, on: null}]",
            "--set:1:1: levers.reception_centres.close[0]: nothing to remove",
        ),
    ],
)
def test_faults_of_set_stand_at_set(override, words):
    assert words in message_of("baseline", overrides=[override])


def test_all_faults_of_file_and_overrides_come_at_once(tmp_path):
    path = write(tmp_path, "levers: {fines: {worker_nok: -5}}\n")
    message = message_of(path, overrides=["levers.fines.worker_nok=-6", "levers.fine=5"], end="2040-01")
    assert [line.split(": ")[0] for line in message.splitlines()] == [
        f"{path}:4:30",
        "--set:1:1",
        "--set:1:1",
        "--end:1:1",
    ]


def test_end_cuts_own_entries_without_an_error(tmp_path):
    path = write(tmp_path, "levers: {return_agreements: [{country: Eritrea, from: 2025-01, effectiveness: 0.5}]}\n")
    s = load_scenario(path, end="2022-06")
    assert s.end == month_number("2022-06")
    assert s.levers.months == s.end + 1
    assert changes_nothing(s)
    assert not changes_nothing(load_scenario(path))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("2022", "'2022' is not a month"),
        ("2011-12", "is outside the period 2012-01"),
        ("2031-01", "is outside the period"),
    ],
)
def test_an_end_that_does_not_fit(end, words):
    message = message_of("baseline", end=end)
    assert message.startswith("--end:1:1: period.end: ")
    assert words in message
