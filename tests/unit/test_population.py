"""Columns of persons: identities, children, and what a move takes away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irregsim.model.population import COLUMNS, Population, person_code, person_ids

fields = st.tuples(
    st.integers(-1, 500), st.integers(0, 11), st.integers(0, 40), st.integers(0, 10_000), st.integers(0, 15)
)


def three() -> Population:
    """A guardian, somebody alone, and the guardian's child."""
    p = Population()
    p.add(person_id=np.array([16, 32], dtype=np.uint64), strategy=np.array([1, 2]), host=np.array([4, -1]))
    p.add(person_id=np.array([17], dtype=np.uint64), guardian=np.array([0]), strategy=np.array([1]), host=np.array([4]))
    return p


@given(st.lists(fields, min_size=2, max_size=30, unique=True))
@settings(derandomize=True, deadline=None)
def test_an_identity_belongs_to_one_month_route_country_rank_and_child(people):
    month, route, country, rank, child = (np.array(column) for column in zip(*people, strict=True))
    assert len(np.unique(person_ids(month, route, country, rank, child))) == len(people)


def test_the_children_of_a_head_have_the_next_numbers():
    head = person_ids([12], [3], [5], [7], [0])
    assert person_ids([12], [3], [5], [7], [2]) == head + np.uint64(2)


def test_the_code_of_a_person_is_sixteen_digits_that_never_change():
    assert person_code(12345) == person_code(np.uint64(12345)) == "0c747387a2199859"
    assert len({person_code(i) for i in range(1000)}) == 1000
    assert set("".join(person_code(i) for i in range(100))) <= set("0123456789abcdef")
    assert {len(person_code(i)) for i in range(100)} == {16}


def test_columns_left_out_are_none_or_zero():
    p = three()
    assert len(p) == 3
    assert p.centre.tolist() == p.employer.tolist() == p.transport_due.tolist() == [-1, -1, -1]
    assert p.decision.tolist() == [0, 0, 0]
    assert p.is_exploited.tolist() == [False, False, False]
    assert p.guardian.tolist() == [-1, -1, 0]
    assert {name: getattr(p, name).dtype.type for name in COLUMNS} == dict(COLUMNS)


def test_children_are_found_by_their_guardian_wherever_the_rows_are():
    p = three()
    kids, where = p.children_of(np.array([1, 0]))
    assert (kids.tolist(), where.tolist()) == ([2], [1])
    assert [len(a) for a in p.children_of(np.array([1]))] == [0, 0]
    p.take(np.array([2, 1, 0]))
    assert p.person_id.tolist() == [17, 32, 16]
    assert p.guardian.tolist() == [2, -1, -1]
    assert p.children_of(np.array([2]))[0].tolist() == [0]


def test_a_child_is_never_kept_without_its_guardian():
    with pytest.raises(AssertionError, match="guardian"):
        three().take(np.array([1, 2]))


def test_a_copy_is_independent():
    p = three()
    other = p.copy()
    other.strategy[0] = 4
    other.host[0] = -1
    assert p.strategy.tolist() == [1, 2, 1]
    assert p.host.tolist() == [4, -1, 4]
    p.take(np.array([1]))
    assert len(other) == 3


def test_whoever_leaves_a_spell_leaves_what_it_held():
    p = three()
    p.pays_rent[0] = True
    p.let_go(np.array([0]))
    assert p.host.tolist() == [-1, -1, 4]
    assert not p.pays_rent.any()


def test_persons_who_left_are_forgotten_but_not_those_who_may_come_back():
    p = Population()
    p.add(
        person_id=np.arange(4, dtype=np.uint64),
        strategy=np.array([1, 9, 13, 9]),
        back_due=np.array([-1, -1, 20, -1]),
    )
    p.drop_gone()
    assert p.person_id.tolist() == [0, 2]


def test_what_is_not_said_of_a_person_is_none_or_zero():
    p = Population()
    p.add(person_id=np.array([16], dtype=np.uint64))
    none = {
        "host", "centre", "employer", "side_employer", "offer", "guardian", "tie_0", "tie_1", "tie_2", "met",
        "transport_due", "back_due",
    }  # fmt: skip
    for name in set(COLUMNS) - {"person_id"}:
        assert getattr(p, name)[0] == (-1 if name in none else 0), name


def test_the_lists_of_children_lose_those_who_come_of_age():
    """The lists are what they are when all families are listed again."""
    p = Population()
    heads = p.add(person_id=np.arange(4, dtype=np.uint64), guardian=np.full(4, -1))
    kids = p.add(person_id=np.arange(4, 10, dtype=np.uint64), guardian=heads[[2, 0, 2, 1, 0, 2]])
    lists = ("kid_rows", "_kids_sorted", "_kid_count", "_kid_start")
    before = [getattr(p, name) for name in lists]
    kept = [array.copy() for array in before]
    p.end_childhood(kids[[0, 3, 4]])
    found = [getattr(p, name).tolist() for name in lists]
    assert p.guardian[kids].tolist() == [-1, 0, 2, -1, -1, 2]
    assert found == [[5, 6, 9], [5, 6, 9], [1, 0, 2, 0] + [0] * 6, [0, 1, 1, 3, 3, 3, 3, 3, 3, 3]]
    p._show()
    assert found == [getattr(p, name).tolist() for name in lists]
    assert all(np.array_equal(one, other) for one, other in zip(before, kept, strict=True)), (
        "copies share the old lists"
    )
