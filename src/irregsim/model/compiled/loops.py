"""The loops that every compiled contest shares: who is looked at, and how high a hazard can be.

This module needs numba, and stays one file: stored machine code does not see a change in another file, for which reason
positions of columns are arguments. Draws come first: a person's keyed number is compared with an upper bound of each
hazard in its strategy and ground, and only where it is lower does the contest's own kernel work out the hazard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """A function as machine code, stored on disk if it can be; lets other threads work, divides by 0 as numpy does."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return cast(F, njit(cache=True, **options)(function))
    except RuntimeError:  # there is no folder to store it in
        return cast(F, njit(**options)(function))


#: Five strategies of three grounds: never sought asylum, rejected, under a Dublin decision.
GROUPS: Final = 20
_BLOCK: Final = 1024
#: Persons whose draws are looked over at once for one below a bound; a block is a multiple.
_FEW: Final = 16
#: One of so many persons is counted where a rough number is enough.
_EVERY: Final = 16
#: Share of persons looked at in vain up to which one bound for all groups, which is faster, serves.
_SPARE: Final = 0.02

#: Operations of a tape, by the names in `tree.Node`. A node of the tape is (operation, three arguments, a number).
# fmt: off
OPERATIONS: Final = (
    "constant", "scalar", "month", "range", "index", "raw_index", "where", "and", "or", "not", "negative",
    "+", "-", "*", "/", "**", "//", "minimum", "maximum", "exp", "log", "<", "<=", ">", ">=", "==", "!=", "limit",
)
# fmt: on


@compiled
def mixed(key: Any) -> Any:
    """A key whose bits are mixed, as in `draws`. All draws rest on it, so it never changes."""
    z = key
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def bits(key: Any) -> Any:
    """The top 53 bits of the draw of a key, as in `draws`; the uniform number is this times 2**-53."""
    return (mixed(key) >> np.uint64(11)) | np.uint64(1)


@compiled
def uniform(key: Any) -> Any:
    """The draw of a key, above 0 and below 1."""
    return float(bits(key)) * 2.0**-53


@compiled
def sort_groups(
    whole: Any, flags: Any, rows: Any, strategy: int, route: int, sought: int, group: Any, present: Any
) -> Any:
    """Strategy and ground of each person at risk.

    Args:
        whole: Columns of whole numbers, shape (columns, persons).
        flags: Columns of flags, shape (columns, persons).
        rows: Persons at risk, shape (n,).
        strategy: Position of the column.
        route: Position of the column.
        sought: Position of the column `is_sought_asylum`.
        group: Written: strategy x ground of each, shape (n,).
        present: Written: about how many persons are in each group, and 0 only where nobody is, shape (groups,).

    Returns:
        A row whose route does not go with whether asylum was sought, or whose strategy is none; -1 if there is none.
    """
    n, faults, seen = len(rows), False, np.int64(0)
    strategies, routes, has_sought = whole[strategy], whole[route], flags[sought]
    for j in range(n):
        i = np.uint64(rows[j])  # an index that is never negative need not be asked whether it is
        s, r = strategies[i], routes[i]
        faults |= (s < 0) | (s > 4) | (r < 0) | (has_sought[i] != ((r <= 1) | (r >= 14)))
        g = s * 4 + (3 if r >= 14 else (2 if r == 1 else (1 if r == 0 else 0)))
        group[j] = g
        seen |= np.int64(1) << (g & 63)
    if faults:
        for i in rows:
            s, r = whole[strategy, i], whole[route, i]
            if s < 0 or s > 4 or r < 0 or flags[sought, i] != ((r <= 1) | (r >= 14)):
                return i
    for g in range(len(present)):
        present[g] = (seen >> g) & 1
    for j in range(0, n, _EVERY):
        present[group[j]] += _EVERY
    return -1


@compiled
def candidates(
    keys: Any, rows: Any, group: Any, salts: Any, threshold: Any, present: Any, found: Any, hits: Any
) -> Any:
    """Persons whose draw is below the bound of some rule.

    Args:
        keys: Keys of the draws, shape (persons,).
        rows: Persons at risk, shape (n,).
        group: Group of each, shape (n,).
        salts: What each rule mixes into the keys this month, shape (rules,).
        threshold: Bound of each rule and group in units of 2**-53, shape (rules, groups).
        present: About how many persons are in each group, shape (groups,).
        found: Written: positions in ``rows``, as many as are returned.
        hits: Written: for each found, the rules as bits of one number.

    Returns:
        How many were found.
    """
    n, rules = len(rows), len(salts)
    about = 0
    for g in range(GROUPS):
        about += present[g]
    top = np.zeros(rules, np.uint64)
    one_bound = np.empty(rules, np.bool_)
    for r in range(rules):
        expected = 0.0
        for g in range(GROUPS):
            if present[g] > 0:
                top[r] = max(top[r], threshold[r, g])
                expected += present[g] * float(threshold[r, g])
        one_bound[r] = (about * float(top[r]) - expected) * 2.0**-53 < _SPARE * about
    key = np.empty(_BLOCK, np.uint64)
    hit = np.empty(_BLOCK, np.uint64)
    count = 0
    for start in range(0, n, _BLOCK):
        m = min(_BLOCK, n - start)
        for j in range(m):
            key[j] = keys[np.uint64(rows[start + j])]
            hit[j] = np.uint64(0)
        for r in range(rules):
            t = top[r]
            if t == np.uint64(0):
                continue
            salt, bit = salts[r], np.uint64(1) << np.uint64(r)
            if one_bound[r]:
                for j in range(m):
                    hit[j] |= bit if bits(key[j] ^ salt) < t else np.uint64(0)
            else:
                row = threshold[r]
                for j in range(m):
                    hit[j] |= bit if bits(key[j] ^ salt) < row[group[start + j]] else np.uint64(0)
        for j in range(m, min(_BLOCK, m + _FEW)):
            hit[j] = np.uint64(0)
        for first in range(0, m, _FEW):
            some = np.uint64(0)
            for j in range(first, first + _FEW):
                some |= hit[j]
            if some != np.uint64(0):
                for j in range(first, min(m, first + _FEW)):
                    found[count] = start + j
                    hits[count] = hit[j]
                    count += hit[j] != np.uint64(0)
    return count


@compiled
def bounds(
    tape: Any,
    numbers: Any,
    results: Any,
    scalars: Any,
    month: int,
    ranges: Any,
    limits: Any,
    tables: Any,
    shapes: Any,
    raw: Any,
    present: Any,
    bound: Any,
    threshold: Any,
) -> int:
    """Upper bound of each hazard among persons of each group, by interval arithmetic on the tree of the rule.

    Args:
        tape: Nodes in an order in which arguments come first, shape (nodes, 5); see `OPERATIONS`.
        numbers: Constant of each node, shape (nodes,).
        results: Node of each rule's hazard, shape (rules,).
        scalars: Numbers of the month.
        month: The month.
        ranges: Lowest and highest value of each column in each group, shape (columns, groups, 2).
        limits: Highest value of each attribute that is written by hand, shape (attributes,).
        tables: Tables of the month, one after the other.
        shapes: Start and lengths of the axes of each, shape (tables, 4).
        raw: Lowest and highest value and length of each array of the world, shape (arrays, 3).
        present: How many persons are in each group, shape (groups,).
        bound: Written: shape (rules, groups).
        threshold: Written: the bound in units of 2**-53, shape (rules, groups).

    Returns:
        A node that would read beyond its table; -1 if there is none.
    """
    count = len(tape)
    low, high = np.empty(count), np.empty(count)
    for g in range(len(present)):
        if present[g] == 0:
            bound[:, g] = 0.0
            threshold[:, g] = np.uint64(0)
            continue
        for k in range(count):
            op, a, b, c, d = tape[k, 0], tape[k, 1], tape[k, 2], tape[k, 3], tape[k, 4]
            if op == 0:
                lo = hi = numbers[k]
            elif op == 1:
                lo = hi = scalars[d]
            elif op == 2:
                lo = hi = float(month)
            elif op == 3:
                lo, hi = ranges[d, g, 0], ranges[d, g, 1]
            elif op == 4:
                lo, hi = _span(tables, shapes[d], low, high, a, b, c)
                if lo > hi:
                    return k
            elif op == 5:
                lo, hi = raw[d, 0], raw[d, 1]
                if not (low[a] >= -raw[d, 2] and high[a] < raw[d, 2]):
                    return k
            elif op == 6:
                if high[a] == 0.0 and low[a] == 0.0:
                    lo, hi = low[c], high[c]
                elif low[a] > 0.0 or high[a] < 0.0:
                    lo, hi = low[b], high[b]
                else:
                    lo, hi = min(low[b], low[c]), max(high[b], high[c])
            elif op == 7:
                lo, hi = min(low[a], low[b]), min(high[a], high[b])
            elif op == 8:
                lo, hi = max(low[a], low[b]), max(high[a], high[b])
            elif op == 9:
                lo, hi = 1.0 - high[a], 1.0 - low[a]
            elif op == 10:
                lo, hi = -high[a], -low[a]
            elif op == 11:
                lo, hi = low[a] + low[b], high[a] + high[b]
            elif op == 12:
                lo, hi = low[a] - high[b], high[a] - low[b]
            elif op <= 15:
                lo, hi = _corners(op, low[a], high[a], low[b], high[b])
            elif op == 16:
                lo, hi = low[a] // low[b], high[a] // low[b]
            elif op == 17:
                lo, hi = min(low[a], low[b]), min(high[a], high[b])
            elif op == 18:
                lo, hi = max(low[a], low[b]), max(high[a], high[b])
            elif op == 19:
                lo, hi = np.exp(low[a]), np.exp(high[a])
            elif op == 20:
                lo = np.log(low[a]) if low[a] > 0.0 else -np.inf
                hi = np.log(high[a]) if high[a] > 0.0 else -np.inf
            elif op == 27:
                lo, hi = 0.0, limits[d]
            else:
                lo, hi = _compared(op, low[a], high[a], low[b], high[b])
            if np.isnan(lo) or np.isnan(hi):
                lo, hi = -np.inf, np.inf
            low[k], high[k] = lo, hi
        for r in range(len(results)):
            h = max(0.0, high[results[r]]) * (1.0 + 1e-9)  # it and a hazard may be rounded in different places
            bound[r, g] = h
            threshold[r, g] = np.uint64(1) << np.uint64(53) if h >= 1.0 else np.uint64(np.ceil(h * 2.0**53))
    return -1


@compiled
def ends(array: Any, out: Any) -> None:
    """Writes the lowest and the highest value of an array of the world, and its length."""
    low = high = array[0] * 1.0
    for k in range(len(array)):
        value = array[k] * 1.0  # of a flag too, 1 or 0
        low, high = min(low, value), max(high, value)
    out[0], out[1], out[2] = low, high, len(array)


@compiled
def look(
    whole: Any,
    flags: Any,
    keys: Any,
    rows: Any,
    strategy: int,
    route: int,
    sought: int,
    tape: Any,
    numbers: Any,
    results: Any,
    scalars: Any,
    month: int,
    ranges: Any,
    limits: Any,
    tables: Any,
    shapes: Any,
    raw: Any,
    salts: Any,
    bound: Any,
    threshold: Any,
    group: Any,
    found: Any,
    hits: Any,
    code: Any,
    everybody: bool,
) -> Any:
    """`sort_groups`, `bounds` and `candidates` in one call, with their arguments; returns what they return.

    In ``code``, -1 is written for all; with ``everybody``, all persons are found, whatever the bounds.
    """
    present = np.zeros(GROUPS, np.int64)
    wrong = sort_groups(whole, flags, rows, strategy, route, sought, group, present)
    if wrong >= 0:
        return wrong, -1, 0
    beyond = bounds(
        tape, numbers, results, scalars, month, ranges, limits, tables, shapes, raw, present, bound, threshold
    )
    if beyond >= 0:
        return -1, beyond, 0
    if everybody:
        threshold[:] = np.uint64(1) << np.uint64(53)
    code[:] = -1
    return -1, -1, candidates(keys, rows, group, salts, threshold, present, found, hits)


@compiled
def _corners(op: int, a: float, b: float, c: float, d: float) -> Any:
    if op == 13:
        w, x, y, z = a * c, a * d, b * c, b * d
    elif op == 14:
        if c <= 0.0 <= d:
            return -np.inf, np.inf
        w, x, y, z = a / c, a / d, b / c, b / d
    else:
        if a < 0.0:
            return -np.inf, np.inf
        w, x, y, z = a**c, a**d, b**c, b**d
    if np.isnan(w) or np.isnan(x) or np.isnan(y) or np.isnan(z):
        return -np.inf, np.inf
    return min(w, x, y, z), max(w, x, y, z)


@compiled
def _compared(op: int, a: float, b: float, c: float, d: float) -> Any:
    if op == 21:
        sure, can = b < c, a < d
    elif op == 22:
        sure, can = b <= c, a <= d
    elif op == 23:
        sure, can = a > d, b > c
    elif op == 24:
        sure, can = a >= d, b >= c
    elif op == 25:
        sure, can = a == b and c == d and a == c, a <= d and b >= c
    else:
        sure, can = b < c or a > d, not (a == b and c == d and a == c)
    return (1.0 if sure else 0.0), (1.0 if can else 0.0)


@compiled
def _span(tables: Any, shape: Any, low: Any, high: Any, a: int, b: int, c: int) -> Any:
    """Lowest and highest entry that some indices can meet; lowest above highest where they may leave the table."""
    two, three = b >= 0, c >= 0
    inside = high[a] < shape[1] and low[a] >= (0 if two else -shape[1])
    inside = inside and not (two and (low[b] < 0 or high[b] >= shape[2]))
    lo, hi = np.inf, -np.inf
    if not (inside and not (three and (low[c] < 0 or high[c] >= shape[3]))):
        return lo, hi
    for x in range(int(low[a]), int(high[a]) + 1):
        first = x if x >= 0 else x + shape[1]
        for y in range(int(low[b]) if two else 0, (int(high[b]) if two else 0) + 1):
            for z in range(int(low[c]) if three else 0, (int(high[c]) if three else 0) + 1):
                at = first * shape[2] + y if two else first
                value = tables[shape[0] + (at * shape[3] + z if three else at)]
                if np.isnan(value):
                    return -np.inf, np.inf
                lo, hi = min(lo, value), max(hi, value)
    return lo, hi


# -- what is written by hand (tree.HAND_WRITTEN) ---------------------------------------------------------------------


@compiled
def perceived_risk(
    tie_0: int,
    tie_1: int,
    tie_2: int,
    host: int,
    country: int,
    can_be_sent: bool,
    is_shaken: bool,
    news_share: float,
    unknown_ratio: float,
    shaken_ratio: float,
    circle: Any,
    perceived: Any,
    told: Any,
) -> Any:
    """The scalar form of `world._perceived`, in the same order of operations."""
    risk = perceived[country]
    if news_share > 0.0:
        nobody = len(told) - 1
        c0, c1, c2, c3 = circle[tie_0], circle[tie_1], circle[tie_2], circle[host]
        if c1 == c0:
            c1 = nobody
        if c2 in (c0, c1):
            c2 = nobody
        if c3 in (c0, c1, c2):
            c3 = nobody
        count = (c0 < nobody) + (c1 < nobody) + (c2 < nobody) + (c3 < nobody)
        if count > 0:
            risk = (1.0 - news_share) * risk + news_share * (told[c0] + told[c1] + told[c2] + told[c3]) / count
    risk = risk * (1.0 if can_be_sent else unknown_ratio)
    return min(1.0, risk * (shaken_ratio if is_shaken else 1.0))


@compiled
def knows_worker(tie_0: int, tie_1: int, tie_2: int, host: int, circle: Any, known: Any) -> Any:
    """The scalar form of ``knows_worker``: whether somebody works in a circle the person belongs to."""
    return known[circle[tie_0]] or known[circle[tie_1]] or known[circle[tie_2]] or known[circle[host]]


@compiled
def in_congregation(tie_0: int, tie_1: int, tie_2: int, host: int, circle: Any, is_one: Any) -> Any:
    """The scalar form of ``in_congregation``: whether a circle the person belongs to is a congregation."""
    return is_one[circle[tie_0]] or is_one[circle[tie_1]] or is_one[circle[tie_2]] or is_one[circle[host]]
