"""How a month is run: parts that decide for each person alone, then settle what is scarce.

A part has three stages. `begin` does what is due by date and freezes what everybody sees; `decide` is a pure function
of single rows, so it gives the same for one person at a time as for all at once; `settle` resolves limits by keyed
ranks and carries out the moves. Within a part nothing depends on the order of rows or of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from irregsim.model import compiled
from irregsim.model.chance import choose, first_clock, logit_shares, logit_weights
from irregsim.model.values import At
from irregsim.model.world import Rows, World
from irregsim.vocabulary.codes import CAUSE_CODE, Exit, RegisterEvent, Strategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One competing hazard, and what happens to those whose clock rings first.

    Attributes:
        channel: Its name, also the channel of its draws and the name of its outcome.
        hazard: From persons at risk and values to events per person-month, shape (n,).
        mechanisms: Ids of the claims of `mechanisms.csv` it implements.
        source: Where it comes from (section of the report, or what was assumed).
        grade: Evidence, A to D (docs/odd.md).
        enters: Where it moves its winners and their children, if that is all it does besides ``notes``; None where the
            part's own `settle` says what follows.
        cause: Why they moved, a name in `vocabulary.codes.CAUSES`; given with ``enters``.
        notes: What agencies write down about its winners and their children before they move.

    Raises:
        ValueError: If one of ``enters`` and ``cause`` is without the other, or there is no such cause.
    """

    channel: str
    hazard: Callable[[Rows, At], FloatArray]
    mechanisms: tuple[str, ...]
    source: str
    grade: str
    enters: Strategy | Exit | None = None
    cause: str | None = None
    notes: tuple[RegisterEvent, ...] = ()

    def __post_init__(self) -> None:
        if (self.enters is None) != (self.cause is None):
            raise ValueError(f"rule {self.channel}: give both enters and cause, or neither")
        if self.cause is not None and self.cause not in CAUSE_CODE:
            raise ValueError(f"rule {self.channel}: {self.cause!r} is not a cause (see vocabulary.codes.CAUSES)")


@dataclass(frozen=True)
class Decided:
    """What some persons decided, or what happened to them, before limits.

    Attributes:
        rows: Rows of the population, shape (n,).
        code: What: the code of an outcome, or -1 for nothing; shape (n,).
        outcomes: Code of each outcome by name, as in `Part.outcomes`.
    """

    rows: IntArray
    code: IntArray
    outcomes: Mapping[str, int]

    def of(self, outcome: str) -> IntArray:
        """Rows with an outcome.

        Args:
            outcome: Name of a rule's channel, or of an option of the part.

        Raises:
            ValueError: If the part has no such outcome.
        """
        code = self.outcomes.get(outcome)
        if code is None:
            raise ValueError(f"no outcome is called {outcome!r} (there are {', '.join(self.outcomes)})")
        rows, found = self.some
        return np.asarray(rows[found == code])

    @cached_property
    def some(self) -> tuple[IntArray, IntArray]:
        """Rows of those with any outcome, and its code: few of many, so they are looked for once."""
        found = (self.code >= 0).nonzero()[0]
        return self.rows[found], self.code[found]


class Part:
    """One stage of the month; see the module. Subclasses say what happens.

    Attributes:
        name: Unique name, used by the stage-by-stage month.
        step: Number of its step in docs/odd.md.
    """

    name: str
    step: int
    #: Rules the part reads, for tables and tests.
    rules: tuple[Rule, ...] = ()
    #: Names of what may be decided, in the order of their codes; none where they are the channels of the rules.
    options: tuple[str, ...] = ()

    @cached_property
    def outcomes(self) -> Mapping[str, int]:
        """Code of each outcome by name."""
        names = self.options or tuple(rule.channel for rule in self.rules)
        assert len(set(names)) == len(names), f"{self.name}: every outcome needs its own name"
        return {name: code for code, name in enumerate(names)}

    def decided(self, rows: IntArray, code: IntArray) -> Decided:
        """What some persons decided in this part, with the names of its outcomes.

        Args:
            rows: Rows of the population, shape (n,).
            code: Code in `outcomes`, or -1 for nothing, shape (n,).
        """
        return Decided(rows, code, self.outcomes)

    def begin(self, world: World, at: At) -> None:
        """What is due by date; sets what everybody sees while deciding."""

    def at_risk(self, world: World, at: At) -> IntArray:
        """Rows the part applies to, fixed when it begins."""
        return np.empty(0, dtype=np.int64)

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """What each person decides or meets; draws, changes nothing but the sums of probabilities."""
        return self.decided(rows, np.full(len(rows), -1, dtype=np.int64))

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """Limits and moves."""

    def run(self, world: World, at: At) -> None:
        """The whole part on all rows at once."""
        self.begin(world, at)
        rows = self.at_risk(world, at)
        if len(rows):
            self.settle(world, at, self.decide(world, at, rows))


class Contest(Part):
    """A part whose rules compete: the earliest clock inside the month wins."""

    def decide(self, world: World, at: At, rows: IntArray) -> Decided:
        """Code of the winning rule per person, or -1; adds each rule's probability to the history.

        The probability that a rule wins is its share of the total hazard times the probability of any event.
        """
        if len(rows) == 0:
            return self.decided(rows, np.empty(0, dtype=np.int64))
        # Sums of probabilities need every hazard; events need few of them.
        twin = compiled.twin_of(self) if compiled.is_on and not world.history.keep_expected else None
        if twin is not None:
            code, found = twin.codes(world, at, rows)
            decided = self.decided(rows, code)
            decided.__dict__["some"] = rows[found], code[found]  # known already, so `some` need not look for them
            return decided
        who = world.rows(rows)
        hazards = np.empty((len(self.rules), len(rows)))
        for row, rule in zip(hazards, self.rules, strict=True):
            row[:] = rule.hazard(who, at)
        channels = self._channels
        uniforms = world.draws.uniforms(channels, world.month, who.key)
        winner = first_clock(hazards, uniforms)
        if not world.history.keep_expected:
            return self.decided(rows, winner)
        total = hazards[0].copy()
        for row in hazards[1:]:
            total += row
        np.maximum(total, 1e-300, out=total)
        share = -np.expm1(-total) / total
        for channel, row in zip(channels, hazards, strict=True):
            row *= share
            world.history.expect(channel, world.month, who.cell, row)
        return self.decided(rows, winner)

    def settle(self, world: World, at: At, decided: Decided) -> None:
        """What the rules say as data: register events first, then all moves at once.

        A part with more to do calls this last, since a person who has moved has left place, job and host.
        """
        rows, code = decided.some
        if len(rows) == 0:
            return
        for number, rule in enumerate(self.rules):
            if rule.notes:
                everyone = with_children(world, rows[code == number])
                for event in rule.notes:
                    world.note(event, everyone)
        target, cause = self._moves
        moved = (target[code] >= 0).nonzero()[0]
        code = code[moved]
        world.move(rows[moved], target[code], cause[code])

    @cached_property
    def _channels(self) -> tuple[str, ...]:
        return tuple(rule.channel for rule in self.rules)

    @cached_property
    def _moves(self) -> tuple[IntArray, IntArray]:
        """State each rule leads to, and the cause, by code; -1 where it is for `settle` to say."""
        target = [-1 if rule.enters is None else int(rule.enters) for rule in self.rules]
        cause = [-1 if rule.cause is None else CAUSE_CODE[rule.cause] for rule in self.rules]
        return np.array(target), np.array(cause)


class Selection(Part):
    """A part in which everybody takes the option of highest random utility: a multinomial logit.

    Subclasses give ``options`` and `utilities`; both engines read the same text of the utilities.
    """

    @property
    def utilities(self) -> Callable[..., FloatArray]:
        """Function of the utility of each option.

        From persons, values, what the month offers to all, and any number of flags of each person, to shape
        (options, n); minus infinity where an option is closed.
        """
        raise NotImplementedError

    def offer(self, world: World, at: At) -> object:
        """What the month offers to all alike."""
        raise NotImplementedError

    def select(self, world: World, at: At, rows: IntArray, offer: object, *flags: npt.NDArray[np.bool_]) -> Decided:
        """The option of highest random utility of each person; adds choice probabilities to the history.

        Args:
            world: The replicate.
            at: Values of the month.
            rows: Persons, shape (n,).
            offer: From `offer`.
            flags: What else the utilities are given, each of shape (n,).
        """
        keep = world.history.keep_expected
        chooser = compiled.chooser_of(self) if compiled.is_on and not keep else None
        if chooser is not None:
            return self.decided(rows, chooser.codes(world, at, rows, offer, flags))
        who = world.rows(rows)
        weights = logit_weights(self.utilities(who, at, offer, *flags))
        if keep:
            world.history.expect_many(self.options, world.month, who.cell, logit_shares(weights))
        return self.decided(rows, choose(weights, world.draws.uniforms(self.options, world.month, who.key)))


def with_children(world: World, rows: IntArray) -> IntArray:
    """Some heads of household and all their children, shape (n,)."""
    kids, _ = world.population.children_of(rows)
    return np.concatenate([rows, kids]) if len(kids) else rows


def tabulated(function: Callable[[FloatArray], FloatArray], whole: IntArray) -> FloatArray:
    """A function of whole numbers, worked out once for each number that occurs rather than for each person.

    Args:
        function: From numbers to values, shape to shape.
        whole: Numbers of 0 or more, such as months, shape (n,).

    Returns:
        ``function(whole)``, shape (n,).
    """
    if len(whole) == 0:
        return np.empty(0)
    return np.asarray(function(np.arange(int(whole.max()) + 1, dtype=np.float64)).take(whole))


def lookup(table: FloatArray, *codes: npt.NDArray[Any]) -> FloatArray:
    """``table[codes]`` for several small codes, by way of one flat index, which is faster.

    Args:
        table: One axis per code.
        codes: Whole numbers or flags, each of shape (n,) and inside its axis.

    Returns:
        Shape (n,).
    """
    flat = codes[0]
    for size, code in zip(table.shape[1:], codes[1:], strict=True):
        flat = flat * size + code
    return np.asarray(table.ravel().take(flat))


def drawn(world: World, channel: str, rows: IntArray, chance: float | FloatArray) -> npt.NDArray[np.bool_]:
    """Whether an event of a given probability happens to each person this month; adds to the sums.

    Args:
        world: The replicate.
        channel: Name of the decision.
        rows: Persons, shape (n,).
        chance: Probability, 0 to 1, broadcast to shape (n,).
    """
    if len(rows) == 0:
        return np.zeros(0, dtype=np.bool_)
    p = world.population
    if world.history.keep_expected:
        each = np.full(len(rows), chance, dtype=np.float64)
        world.history.expect(channel, world.month, p.cell[rows], each)
    return np.asarray(world.draws.uniform(channel, world.month, p.key[rows]) < chance)
