"""Nothing is idle: every lever and assumption moves something, every strategy, exit and kind of agent is alive.

A case compares the baseline with itself but for one lever at an end of its range, on paired replicates: same seed, same
replicate, so every difference is the lever's. The quick tests stop at the first replicate and month that show one;
the slow test runs all twenty to the end and says what moved (``python -m pytest -m slow -s tests/test_levers_act.py``).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from helpers.lever_cases import CASES, Case, filled, keys_needed
from helpers.worlds import advance, baseline, branch, differences, past, whole_numbers
from irregsim.model.centres import COUNT as CENTRE_COUNT
from irregsim.model.history import OUTCOMES
from irregsim.model.world import World
from irregsim.vocabulary.codes import CAUSE_CODE, INFLOW, Exit, RegisterEvent, Side, Strategy, Substrategy

pytestmark = pytest.mark.once

SCALE, UNTIL, END = 0.1, "2017-12", "2019-06"
FIRST, LATER = "2018-01", "2019-03"
REPLICATES = 20
#: Months after which the two sides are compared; most levers show at once.
LOOKS = (1, 2, 4, 9, 18)
#: What acts after the last count alone, later than these runs; `test_walks.py` has it.
AFTER_2020 = {"driver_walks"}
#: Have a case of their own beside that of their lever.
PARTS_OF_LEVERS = {"employer_sanctions_directive.to", "reception_centres.open.places"}


def here(replicate: int) -> World:
    return past(UNTIL, SCALE, seed=2021, replicate=replicate)


def levers_of(settings: tuple[str, ...]):
    return baseline(END, *(filled(setting, FIRST, LATER) for setting in settings))


@cache
def reference_run(replicate: int, settings: tuple[str, ...]) -> World:
    """The other side of a case, to the end."""
    return advance(branch(here(replicate), levers_of(settings)), LOOKS[-1])


def published(world: World, until: int) -> dict[str, np.ndarray]:
    """What a reader of the tables sees, up to a month (not included): outcomes by name, stocks, flows, registers."""
    out = {
        name: table for name, table in whole_numbers(world, until).items() if not name.startswith(("binding", "groups"))
    }
    for number, name in enumerate(OUTCOMES):
        out[f"outcomes:{name}"] = world.history.outcomes[:until, number]
    return out


def what_changes(case: Case, replicate: int, looks: tuple[int, ...] = LOOKS) -> list[str]:
    """Tables in which the two sides of a case differ at the first look that shows any."""
    other = reference_run(replicate, case.reference)
    world = branch(here(replicate), levers_of(case.changed))
    done = 0
    for months in looks:
        advance(world, months - done)
        done = months
        until = world.month + 1
        differ = differences(published(world, until), published(other, until))
        if differ:
            return sorted({name.removesuffix(":month").split(":country")[0] for name in differ})
    return []


def ends(key: str) -> list[Case]:
    """Cases of a lever that say something else than the baseline does."""
    return [case for case in CASES[key] if levers_of(case.changed) != levers_of(case.reference)]


def test_every_lever_and_assumption_has_a_case():
    assert keys_needed() - CASES.keys() == AFTER_2020, "add a case to tests/helpers/lever_cases.py"
    assert CASES.keys() - keys_needed() <= PARTS_OF_LEVERS, "cases of no lever"


#: Ends of a range that change nothing, and why; the other end of each does.
IDLE_ENDS = {
    "levers.detention.capacity=[{from: {month}, value: 2000}]": "the 220 places of the baseline are never all taken",
}


def first_changes(case: Case, replicates: int = REPLICATES) -> list[str]:
    """What the first replicate that shows a change shows."""
    for replicate in range(replicates):
        changes = what_changes(case, replicate)
        if changes:
            return changes
    return []


@pytest.mark.parametrize("key", sorted(CASES))
def test_a_lever_at_an_end_of_its_range_changes_an_outcome(key):
    acts = False
    for case in ends(key):
        idle = case.changed[0] in IDLE_ENDS
        changes = first_changes(case, 2 if idle else REPLICATES)
        print(f"{key}: {' '.join(case.changed)} -> {', '.join(changes)}")
        assert bool(changes) is not idle, f"{case.changed}: {changes or 'nothing changes'}"
        acts |= bool(changes)
    assert acts, "no end of the range changes an outcome"


def test_the_same_levers_change_nothing():
    """The comparison does not find differences where there are none."""
    assert what_changes(Case(()), 0) == []


@pytest.mark.slow
@pytest.mark.parametrize("key", sorted(CASES))
def test_some_end_of_the_range_changes_outcomes_in_most_of_twenty_replicates(key):
    """Every end moves something somewhere; the stronger one does so in most replicates of a tenth of the population."""
    most = 0
    for case in ends(key):
        if case.changed[0] in IDLE_ENDS:
            continue
        shown: dict[str, int] = {}
        moved = 0
        for replicate in range(REPLICATES):
            changes = what_changes(case, replicate, LOOKS[-1:])
            moved += bool(changes)
            for name in changes:
                shown[name] = shown.get(name, 0) + 1
        told = ", ".join(f"{name} {shown[name]}" for name in sorted(shown, key=lambda name: -shown[name]))
        print(f"{key}: {' '.join(case.changed)}: {moved} of {REPLICATES}: {told}")
        assert moved > 0
        most = max(most, moved)
    assert most > REPLICATES / 2


# -- everything is alive in the baseline -------------------------------------------------------------------------


@cache
def lived() -> World:
    """The baseline, replicate 0, to the end."""
    return reference_run(0, ())


def flows(destination: int | None = None, origin: int | None = None, cause: str | None = None) -> int:
    f = lived().history.flow_counts()
    keep = np.ones(len(f["persons"]), dtype=np.bool_)
    for name, value in (("destination", destination), ("origin", origin)):
        if value is not None:
            keep &= f[name] == value
    if cause is not None:
        keep &= f["cause"] == CAUSE_CODE[cause]
    return int(f["persons"][keep].sum())


@pytest.mark.parametrize("strategy", list(Strategy))
def test_every_strategy_is_lived_begun_and_left(strategy):
    stocks = lived().history.stocks.reshape(lived().history.months, len(Strategy), -1).sum(axis=2)
    assert (stocks[36 : lived().month + 1, strategy] > 0).all(), "in every reported month"
    assert flows(destination=strategy, origin=INFLOW) > 0
    moves = [flows(destination=strategy, origin=other) for other in Strategy if other != strategy]
    assert sum(moves) > 0, "others take it up"
    assert sum(flows(origin=strategy, destination=other) for other in [*Strategy, *Exit] if other != strategy) > 0


@pytest.mark.parametrize("exit_", list(Exit))
def test_every_way_out_is_taken(exit_):
    assert flows(destination=exit_) > 0


def test_whoever_leaves_for_a_while_comes_back():
    assert flows(origin=INFLOW, cause="permit_ended") > 0


@pytest.mark.parametrize("event", list(RegisterEvent))
def test_every_register_event_is_written_down(event):
    counts = lived().history.register_counts()
    assert counts["count"][counts["event"] == event].sum() > 0


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"back_pay_nok"}))
def test_every_outcome_is_more_than_zero(outcome):
    assert lived().history.outcomes[:, list(OUTCOMES).index(outcome)].sum() > 0


def test_back_pay_is_owed_only_under_the_directive_or_where_a_union_claims_it():
    paid = list(OUTCOMES).index("back_pay_nok")
    assert lived().history.outcomes[:, paid].sum() > 0
    past_ = here(0)
    no_union = branch(past_, baseline(END), draw={**past_.values.draw, "union_complaint_share": 0.0})
    advance(no_union, 12)
    assert no_union.history.outcomes[past_.month + 1 : no_union.month + 1, paid].sum() == 0
    # Three months and a route to complain: milder than the end of the range, at which nobody would hire.
    mild = Case(CASES["employer_sanctions_directive.complaint_route"][0].changed)
    assert "outcomes:back_pay_nok" in what_changes(mild, 0, LOOKS[-1:])


def test_employers_differ_in_willingness_and_their_jobs_bind():
    world = lived()
    employers = world.employers
    assert len(employers) > 50
    assert 0.05 < employers.is_willing.mean() < 0.95, "some would hire, some would not"
    assert len(np.unique(employers.sector)) == 7
    assert employers.jobs.min() >= 1
    assert employers.jobs.max() > 1
    p = world.population
    hired = np.bincount(p.employer[p.employer >= 0], minlength=len(employers))
    assert hired.sum() > 0
    assert (hired[~employers.is_willing] == 0).all(), "who is not willing employs nobody"
    assert world.history.binding["jobs"].sum() > 0, "somebody was offered no job for want of vacancies"
    assert flows(origin=Strategy.ARBEIDENDE, cause="employer_stops") > 0, "employers who stop let people go"
    assert employers.perceived.max() > 1.05, "an employer whose workers were found perceives more risk"


def test_hosts_differ_in_patience_and_stays_end():
    world = lived()
    hosts = world.hosts
    assert set(np.unique(hosts.type)) == {int(s) for s in Substrategy if s.lives.with_hosts}
    assert np.quantile(hosts.patience, 0.9) / np.quantile(hosts.patience, 0.1) > 1.5
    guests = np.bincount(world.population.host[world.population.host >= 0], minlength=len(hosts))
    assert guests.sum() > 0
    assert world.history.binding["hosts"].sum() > 0, "somebody asked a host who had no room"
    for cause in ("host_ends_stay", "break_up"):
        assert flows(origin=Strategy.AVHENGIG, cause=cause) > 0
    # Who loses benefits hides the guest, and the stay goes on (F 4.4).
    assert world.history.expected["benefits_stopped"].sum() > 0
    assert flows(cause="benefits_stopped") == 0


def test_patience_decides_how_long_a_guest_stays():
    """Where every host is as patient as the least patient one, more stays end at the same stock."""
    one, other = branch(here(0), baseline(END)), branch(here(0), baseline(END))
    other.hosts = type(other.hosts).__new__(type(other.hosts))
    other.hosts.__dict__.update(one.hosts.__dict__)
    other.hosts.patience = np.full(len(one.hosts), one.hosts.patience.min())
    advance(one, 1)
    advance(other, 1)
    before, after = (w.history.expected["host_ends_stay"][w.month].sum() for w in (one, other))
    assert after > 1.5 * before > 0


def test_centres_have_residents_and_close_and_refuse_nobody():
    world = lived()
    assert world.history.binding["centres"].sum() == 0, "a limit is a scenario's"
    assert world.history.binding["detention"].sum() >= 0
    assert flows(origin=Strategy.SYNLIG, cause="transfer_walkout") > 0
    assert flows(cause="transfer") > 0
    assert flows(origin=Strategy.SYNLIG, cause="no_place") == 0
    p = past(UNTIL, SCALE, seed=2021, replicate=0).population
    residents = np.bincount(p.centre[p.centre >= 0], minlength=CENTRE_COUNT)
    assert (residents > 0).sum() >= 5
    assert len(np.unique(world.centres.places)) > 3, "centres differ in places"


def test_subtypes_and_side_jobs_are_lived():
    side = lived().history.side.reshape(-1, len(Strategy), len(Substrategy), len(Side)).sum(axis=0)
    dependent = (
        Substrategy.PARTNER,
        Substrategy.RELATIVE,
        Substrategy.FRIEND,
        Substrategy.CONGREGATION,
        Substrategy.SURVIVAL_SEX,
    )
    assert (side[Strategy.AVHENGIG][list(dependent)].sum(axis=1) > 0).all()
    margins = (Substrategy.SEX_SALE, Substrategy.DRUGS, Substrategy.PROPERTY)
    assert (side[Strategy.MARGINALISERT][list(margins)].sum(axis=1) > 0).all()
    assert side[Strategy.SYNLIG, :, Side.WORK].sum() > 0
    assert side[Strategy.AVHENGIG, :, Side.WORK].sum() > 0
    assert side[Strategy.ARBEIDENDE, :, 1:].sum() == 0
