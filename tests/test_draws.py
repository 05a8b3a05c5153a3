"""Random numbers: fixed streams, fixed channel numbers, uniformity and independence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from golden.refresh import channel_faults
from helpers import golden
from helpers.statistics import assert_cells_plausible, assert_uncorrelated
from irregsim.model.draws import CHANNELS, OWN_CHANNELS, Draws, add_channel, mix, mix_array
from irregsim.model.population import person_ids

ROOT = Path(__file__).resolve().parents[1]

#: From (seed, replicate, channel, month, subjects) to uniforms: the package's, or a wrong one that a test must catch.
Source = Callable[[int, int, str, int, np.ndarray], np.ndarray]

#: Chance that a correct generator fails one test below.
FALSE_ALARM = 1e-6


def real(seed: int, replicate: int, channel: str, month: int, subjects: np.ndarray) -> np.ndarray:
    draws = Draws(seed, replicate)
    return draws.uniform(channel, month, draws.keys(subjects))


def weyl(seed: int, replicate: int, channel: str, month: int, subjects: np.ndarray) -> np.ndarray:
    """Even over subjects, but in lockstep: what a generator without mixing gives."""
    step = 0.6180339887498949
    shift = seed * 0.1234 + replicate * 0.377 + CHANNELS[channel] * 0.7548776662 + month * 0.5698402909
    return np.modf((subjects % np.uint64(2**40)).astype(np.float64) * step + shift)[0]


def half_mixed(seed: int, replicate: int, channel: str, month: int, subjects: np.ndarray) -> np.ndarray:
    """Keys mixed once and salted, with no last finaliser: good over persons, in step over months and channels."""
    keys = Draws(seed, replicate).keys(subjects)
    return ((keys ^ np.uint64((CHANNELS[channel] << 40) + month + 2)) >> np.uint64(11)) * 2.0**-53


def uneven(seed: int, replicate: int, channel: str, month: int, subjects: np.ndarray) -> np.ndarray:
    """Independent, but a little too low."""
    return real(seed, replicate, channel, month, subjects) ** 1.04


def sequence(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.uint64)


def persons(count: int) -> np.ndarray:
    """Identities as the model makes them: months, routes and countries in their bits, ranks in between."""
    n = np.arange(count)
    return person_ids(n // 600, n // 50 % 12, n // 7 % 36, n % 7 * 13, n % 3)


# -- fixed for ever ----------------------------------------------------------------------------------------------


def test_streams_are_the_stored_ones():
    stored, now = golden.read("draws"), golden.stream_hashes()
    moved = sorted(name for name in stored if now.get(name) != stored[name] and (name in now))
    assert moved == [], f"every result of every run changes with these; if that is meant: {golden.COMMAND} draws"
    assert now.keys() <= stored.keys(), f"new channels have no stored stream yet: {golden.COMMAND} draws"


def test_streams_are_the_same_without_the_processor_features_numpy_found():
    """Numpy chooses faster loops by what the processor can do; integers and one multiplication cannot tell."""
    ask = "from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f; "
    answer = subprocess.run(
        [sys.executable, "-c", ask + "print(*[x for x in d if f[x]])"], capture_output=True, text=True, check=True
    )
    found = answer.stdout.split()
    code = ask + f"assert not any(f[x] for x in {found!r}); "
    code += "import json; from helpers.golden import stream_hashes; print(json.dumps(stream_hashes()))"
    environment = {
        **os.environ,
        "NPY_DISABLE_CPU_FEATURES": " ".join(found),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert answer.returncode == 0, answer.stderr
    now = json.loads(answer.stdout)
    stored = golden.read("draws")
    moved = sorted(name for name in now if name in stored and now[name] != stored[name])
    # Where numpy uses nothing beyond its baseline nothing can be switched off; streams are compared all the same.
    assert moved == [], f"streams moved with {' '.join(found) or 'no feature (none could be)'} switched off"
    assert len(now) > 100


def test_channel_numbers_never_change_and_are_never_used_again():
    stored = golden.read("channels")
    assert channel_faults(stored, CHANNELS) == []
    assert CHANNELS.keys() <= stored.keys(), f"write new channels down: {golden.COMMAND} draws"


def test_a_changed_or_reused_channel_number_is_found():
    stored = {"a": 1, "b": 2}
    assert channel_faults(stored, {"a": 1, "b": 2, "c": 3}) == []
    assert channel_faults(stored, {"a": 1}) == []
    assert channel_faults(stored, {"a": 3, "b": 2}) == ["a: number 1 became 3"]
    assert channel_faults(stored, {"a": 1, "c": 2}) == ["c: number 2 belongs to b"]
    assert channel_faults({}, {"a": 1, "b": 1}) == ["b: number 1 is also that of a"]


def test_a_channel_that_is_not_registered_is_refused():
    draws = Draws(1, 0)
    with pytest.raises(KeyError):
        draws.uniform("no_such_channel", 0, draws.keys([1]))


@pytest.mark.parametrize(("seed", "replicate"), [(-1, 0), (0, -1)])
def test_negative_keys_are_refused(seed, replicate):
    with pytest.raises(ValueError, match="0 or more"):
        Draws(seed, replicate)


# -- exact properties --------------------------------------------------------------------------------------------

whole = st.integers(0, 2**64 - 1)


@given(st.lists(whole, min_size=1, max_size=20))
@settings(derandomize=True, deadline=None)
def test_arrays_and_single_numbers_mix_alike(numbers):
    assert mix_array(np.array(numbers, dtype=np.uint64)).tolist() == [mix(n) for n in numbers]


@given(whole, whole)
@settings(derandomize=True, deadline=None)
def test_mixing_keeps_different_numbers_different(a, b):
    assert (mix(a) == mix(b)) == (a == b)


@given(
    st.lists(whole, min_size=2, max_size=30, unique=True),
    st.integers(0, 2**63 - 1),
    st.integers(0, 10_000),
    st.sampled_from(sorted(CHANNELS)),
    st.integers(-1, 300),
    st.randoms(use_true_random=False),
)
@settings(derandomize=True, deadline=None)
def test_a_draw_depends_on_its_own_keys_alone(ids, seed, replicate, channel, month, random):
    together = real(seed, replicate, channel, month, np.array(ids, dtype=np.uint64))
    assert ((together > 0) & (together < 1)).all()
    order = list(range(len(ids)))
    random.shuffle(order)
    some = order[: len(ids) // 2]
    alone = real(seed, replicate, channel, month, np.array([ids[i] for i in some], dtype=np.uint64))
    assert np.array_equal(alone, together[some])


def unmix(value: int) -> int:
    """The number that `mix` turns into the value given."""
    mask = 2**64 - 1
    value ^= (value >> 31) ^ (value >> 62)
    value = value * pow(0x94D049BB133111EB, -1, 2**64) & mask
    value ^= (value >> 27) ^ (value >> 54)
    value = value * pow(0xBF58476D1CE4E5B9, -1, 2**64) & mask
    return value ^ (value >> 30) ^ (value >> 60)


@given(whole)
@settings(derandomize=True, deadline=None)
def test_mixing_can_be_undone(number):
    assert unmix(mix(number)) == number


def test_the_highest_and_lowest_draw_are_inside_the_open_interval():
    """The keys that give the extreme draws are found by undoing the mixing; Hypothesis would need 2**53 tries."""
    draws = Draws(2021, 0)

    def u(key: int) -> float:
        return float(draws.uniform("onward", 12, np.array([key], dtype=np.uint64))[0])

    # What the channel and month add to a key, up to the bits that a draw does not show.
    top = int(u(0) * 2**53)
    salts = [unmix((((top + near) << 11) + low) & (2**64 - 1)) for near in (-1, 0, 1) for low in range(2048)]
    keys = np.array(salts, dtype=np.uint64) ^ np.uint64(unmix(2**63))
    halves = np.flatnonzero(np.abs(draws.uniform("onward", 12, keys) - 0.5) < 1e-12)
    assert len(halves) == 1, "the salt is found when its key gives a half"
    salt = salts[int(halves[0])]
    assert 0.0 < u(unmix(0) ^ salt) < 1e-15
    assert 1.0 - 1e-15 < u(unmix(2**64 - 1) ^ salt) < 1.0


# -- statistics --------------------------------------------------------------------------------------------------


def check_uniform(source: Source) -> None:
    """256 equal cells, the lowest bits, and the distance from the uniform distribution."""
    for subjects in (sequence(100_000), persons(100_000)):
        u = source(11, 3, "onward", 40, subjects)
        assert_cells_plausible(np.bincount((u * 256).astype(int), minlength=256), 1 / 256, false_alarm=FALSE_ALARM)
        low = (u * 2.0**52).astype(np.uint64) & np.uint64(0xFF)
        assert_cells_plausible(np.bincount(low.astype(int), minlength=256), 1 / 256, false_alarm=FALSE_ALARM)
        assert stats.kstest(u, "uniform").pvalue >= FALSE_ALARM


def pairs(source: Source, kind: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two series of draws that differ in one key alone."""
    ids = persons(count)
    key = {
        "persons": ((5, 1, "walkout", 30, ids), (5, 1, "walkout", 30, ids + np.uint64(1 << 4))),
        "months": ((5, 1, "walkout", 30, ids), (5, 1, "walkout", 31, ids)),
        "years": ((5, 1, "walkout", 30, ids), (5, 1, "walkout", 42, ids)),
        "birth and month": ((5, 1, "birth_place", -1, ids), (5, 1, "birth_place", 0, ids)),
        "channels": ((5, 1, "walkout", 30, ids), (5, 1, "pu_fetch", 30, ids)),
        "channel and month": ((5, 1, "walkout", 30, ids), (5, 1, "pu_fetch", 31, ids)),
        "replicates": ((5, 1, "walkout", 30, ids), (5, 2, "walkout", 30, ids)),
        "seeds": ((5, 1, "walkout", 30, ids), (6, 1, "walkout", 30, ids)),
        "seed and replicate": ((5, 1, "walkout", 30, ids), (6, 0, "walkout", 30, ids)),
    }[kind]
    return source(*key[0]), source(*key[1])


KINDS = (
    "persons",
    "months",
    "years",
    "birth and month",
    "channels",
    "channel and month",
    "replicates",
    "seeds",
    "seed and replicate",
)


def check_independent(source: Source, kind: str) -> None:
    """Correlation, its serial form over rows, and 16 x 16 equal cells of the pairs."""
    x, y = pairs(source, kind, 60_000)
    for a, b in ((x, y), (x[1:], y[:-1]), (x[:-1], x[1:])):
        assert_uncorrelated(a, b, false_alarm=FALSE_ALARM, must_see=0.05)
    cells = (x * 16).astype(int) * 16 + (y * 16).astype(int)
    assert_cells_plausible(np.bincount(cells, minlength=256), 1 / 256, false_alarm=FALSE_ALARM)
    differ = (x - y) % 1.0
    assert_cells_plausible(np.bincount((differ * 64).astype(int), minlength=64), 1 / 64, false_alarm=FALSE_ALARM)


def check_avalanche(flipped: Callable[[int, np.ndarray], np.ndarray], plain: np.ndarray, bits: range) -> None:
    """Each of the 52 highest bits of a draw flips with probability 1/2 when one bit of a key does.

    Args:
        flipped: From a bit and the subjects to draws with that bit of the key flipped.
        plain: Draws with no bit flipped.
        bits: The bits to flip.
    """
    rows = []
    base = (plain * 2.0**52).astype(np.uint64)
    for bit in bits:
        changed = base ^ (flipped(bit, plain) * 2.0**52).astype(np.uint64)
        rows.append([int(((changed >> np.uint64(i)) & np.uint64(1)).sum()) for i in range(52)])
    n = len(plain)
    z = (np.array(rows) - n / 2) / np.sqrt(n / 4)
    p_value = stats.chi2.sf(float((z**2).sum()), z.size)
    assert p_value >= FALSE_ALARM, f"flips are not even: p = {p_value:.2g}"
    # No single pair of bits is off by so much that it hides in the sum.
    limit = stats.norm.isf(FALSE_ALARM / (2 * z.size))
    assert np.abs(z).max() <= limit + 0.5, f"a bit flips {np.abs(z).max():.1f} standard deviations too often or rarely"


def test_draws_are_uniform():
    check_uniform(real)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_that_differ_in_one_key_are_independent(kind):
    check_independent(real, kind)


@pytest.mark.parametrize("key", ["subject", "month", "seed", "replicate"])
def test_one_bit_of_a_key_changes_half_of_the_draw(key):
    ids = persons(4_000)
    plain = real(2021, 5, "choice_work", 100, ids)
    sources = {
        "subject": (lambda bit, _: real(2021, 5, "choice_work", 100, ids ^ np.uint64(1 << bit)), range(64)),
        "month": (lambda bit, _: real(2021, 5, "choice_work", 100 ^ (1 << bit), ids), range(9)),
        "seed": (lambda bit, _: real(2021 ^ (1 << bit), 5, "choice_work", 100, ids), range(63)),
        "replicate": (lambda bit, _: real(2021, 5 ^ (1 << bit), "choice_work", 100, ids), range(20)),
    }
    flipped, bits = sources[key]
    check_avalanche(flipped, plain, bits)


def test_all_channels_are_independent_of_each_other():
    """Every pair of channels at once: the largest of some thousand correlations is as large as chance makes it."""
    ids = persons(4_000)
    u = np.stack([real(7, 0, channel, 60, ids) for channel in CHANNELS]) - 0.5
    r = (u @ u.T) * 12 / len(ids)
    upper = r[np.triu_indices(len(u), 1)]
    limit = stats.norm.isf(FALSE_ALARM / (2 * len(upper))) / np.sqrt(len(ids))
    assert np.abs(upper).max() <= limit
    # A shared channel number would show as a correlation of 1, far beyond the limit.
    assert limit < 0.12


def test_these_tests_catch_wrong_generators():
    with pytest.raises(AssertionError):
        check_uniform(uneven)
    with pytest.raises(AssertionError):
        check_uniform(weyl)
    for kind in KINDS:
        with pytest.raises(AssertionError):
            check_independent(weyl, kind)
    for kind in ("months", "years", "channels"):
        with pytest.raises(AssertionError):
            check_independent(half_mixed, kind)
    ids = persons(4_000)
    with pytest.raises(AssertionError):
        check_avalanche(
            lambda bit, _: half_mixed(1, 0, "walkout", 100 ^ (1 << bit), ids),
            half_mixed(1, 0, "walkout", 100, ids),
            range(6),
        )


# -- channels of those who extend the model ----------------------------------------------------------------------


def test_a_channel_can_be_added_and_is_unlike_all_others(monkeypatch):
    monkeypatch.setattr("irregsim.model.draws._OWN", {})
    add_channel("my_rule", OWN_CHANNELS)
    add_channel("my_rule", OWN_CHANNELS)
    draws = Draws(1, 0)
    keys = draws.keys(sequence(2000))
    mine, theirs = draws.uniform("my_rule", 3, keys), draws.uniform("walkout", 3, keys)
    assert_uncorrelated(mine, theirs, false_alarm=FALSE_ALARM, must_see=0.2)
    assert np.array_equal(draws.uniforms(("my_rule", "walkout"), 3, keys), np.stack([mine, theirs]))


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("walkout", OWN_CHANNELS, "walkout is a channel of irregsim"),
        ("mine", OWN_CHANNELS - 1, f"give {OWN_CHANNELS} or more"),
        ("other", OWN_CHANNELS + 5, "used by taken"),
        ("taken", OWN_CHANNELS + 6, "has the number"),
    ],
)
def test_a_channel_that_is_taken_is_refused(monkeypatch, name, number, words):
    monkeypatch.setattr("irregsim.model.draws._OWN", {})
    add_channel("taken", OWN_CHANNELS + 5)
    with pytest.raises(ValueError, match=words):
        add_channel(name, number)


def test_no_channel_of_irregsim_lies_among_those_of_others():
    assert max(CHANNELS.values()) < OWN_CHANNELS


@given(st.integers(0, 2**63 - 1), st.integers(-1, 400), st.sampled_from(sorted(CHANNELS)))
def test_one_subject_alone_has_the_number_it_has_among_others(seed, month, channel):
    draws = Draws(seed, 0)
    keys = draws.keys(persons(20))
    (salt,) = draws.salts([channel], month).tolist()
    assert [draws.one(salt, key) for key in keys.tolist()] == draws.uniform(channel, month, keys).tolist()
