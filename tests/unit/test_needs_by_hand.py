"""Whom a health offer is meant for, and whom the sums of a month count."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.scenes import FALLING, GUEST, RESIDENT, Columns, Scene
from helpers.settling import child_of
from irregsim.model.history import OUTCOME_INDEX
from irregsim.model.month import MONTH as PARTS
from irregsim.model.parameters import point_draw
from irregsim.scenario.levers import HEALTH_MODELS
from irregsim.vocabulary.codes import CITIES

NEEDS = next(part for part in PARTS if part.name == "needs")
SEEKER: Columns = {**FALLING, "is_sought_asylum": True}


def outcomes(s: Scene, rows: np.ndarray, outcome: str, **given: object) -> dict[str, float]:
    """Sums of the month after some rows had a need or met an offence."""
    at = s.under(**given)
    NEEDS.settle(s.world, at, NEEDS.decided(rows, np.full(len(rows), NEEDS.outcomes[outcome])))
    return {name: float(s.world.history.outcomes[s.world.month, i].sum()) for name, i in OUTCOME_INDEX.items()}


#: Model of the city, person, and who is helped: whom it is meant for, a resident by any model, others by grace alone.
@pytest.mark.parametrize(
    ("model", "person", "helped"),
    [
        ("none", FALLING, 0), ("none", SEEKER, 0), ("none", RESIDENT, 1),
        ("municipal_asylum_only", FALLING, 0), ("municipal_asylum_only", SEEKER, 1),
        ("municipal_open", FALLING, 1), ("municipal_open", SEEKER, 1),
        ("ngo_centre", FALLING, 0), ("ngo_centre", RESIDENT, 1),
    ],
)  # fmt: skip
def test_who_is_helped_where_only_the_city_and_the_centres_help(model, person, helped):
    s = Scene(point_draw())
    found = outcomes(
        s, s.add(person, copies=3), "care_need", health_model=np.full(len(CITIES), HEALTH_MODELS.index(model)),
        care_sought_share=1.0, care_fear_slope=0.0, care_ngo_share=0.0, care_municipal_share=1.0, care_none_share=0.0,
        care_centre_share=1.0,
    )  # fmt: skip
    assert (found["care_needed"], found["care_sought"], found["care_received"]) == (3, 3, 3 * helped)


@pytest.mark.parametrize(
    ("person", "ratio"),
    [({}, 1.0), ({"has_bill": True}, 0.0), ({"decision": 2}, 0.0), ({"decision": 3}, 0.0), ({"decision": 1}, 1.0)],
)
@pytest.mark.parametrize("where", [FALLING, RESIDENT])
def test_bills_and_expulsions_keep_people_away_outside_centres(person, ratio, where):
    s = Scene(point_draw())
    found = outcomes(
        s, s.add({**where, **person}, copies=3), "care_need", care_sought_share=1.0, care_fear_slope=0.0,
        bill_seek_ratio=0.0, expelled_care_ratio=0.0,
    )  # fmt: skip
    assert found["care_sought"] == 3 * (1.0 if where is RESIDENT else ratio)


@pytest.mark.parametrize("is_safe", [True, False])
def test_reporting_in_safety_is_likelier_and_a_child_meets_no_police(is_safe):
    s = Scene(point_draw())
    rows = s.add(FALLING, child_of(0, **FALLING))
    found = outcomes(
        s, rows, "offence", offence_reported_share=0.5, safe_reporting_ratio=2.0, no_removal_when_reporting=is_safe
    )
    if is_safe:
        assert (found["offences_reported"], found["offences_unreported"]) == (2, 0)
    assert found["offences_reported"] + found["offences_unreported"] == 2
    assert s.world.population.met[rows[1]] == -1


def test_a_family_depends_on_its_host_once_and_its_children_live_outside():
    s = Scene(point_draw())
    s.world.hosts.is_exploitative[:] = True
    s.add(GUEST, child_of(0, **GUEST), child_of(0, **GUEST))
    found = outcomes(s, np.empty(0, dtype=np.int64), "offence")
    assert found["exploitative_dependence_person_months"] == 1
    assert (found["child_months_outside"], found["child_months_in_centre"]) == (2, 0)
    assert found["homeless_person_months"] == 3
