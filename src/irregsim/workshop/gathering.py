"""What a class answers, by phones or by hands: predictions, and the levers of its groups.

Everything is in the memory of one process. No names are asked for, nothing is written to disk, and `Gathering.end`
forgets it all.
"""

from __future__ import annotations

import secrets  # noqa: TID251 - no chance of the model: codes and tokens must not be guessed
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from irregsim.scenario.levers import REGISTRY, By, Holds, Kind, Lever, find
from irregsim.workshop.exercises import ANSWERS, Exercise, Given, Predicted, material

#: Phones at once.
PHONES: Final = 60

#: Fewest and most groups.
GROUPS: Final = (2, 6)

#: What groups begin with, until the teacher chooses: one lever of each kind.
FIRST_LEVERS: Final = (
    "levers.fines.employer_base_nok",
    "levers.controls.workplace_inspections",
    "levers.assisted_return.support_nok",
    "levers.reception_centres.basic_allowance_nok",
    "levers.detention.capacity",
    "levers.fines.documented_workdays_share",
)

#: What hands are counted for, in the order of a picture: each direction by half of the scale.
CHOICES: Final = ("down_much", "down_little", "same", "up_little", "up_much")

#: Most hands of a choice.
_HANDS: Final = 999

#: Bars of a direction: with hands only halves of the scale are known.
_BARS: Final = 5
_BARS_OF_HANDS: Final = 2

#: Requests that a phone may send at once, and those it earns a second.
_BURST, _RATE = 20, 2.0

#: Seconds after which a phone that is not heard of gives its place to another, where all places are taken.
_SILENT: Final = 180.0

#: Letters and digits of the code in the address: none that is taken for another, since some type it.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH: Final = 8

Stage = Literal["wait", "predict", "groups", "end"]


class Refused(ValueError):
    """An answer that cannot be taken; the message says why."""


class Allowance:
    """How often somebody may ask: some times at once, and then at a rate.

    Args:
        burst: Times at once, at least 1.
        rate: Times earned a second.
        clock: Seconds.
    """

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._left, self._at = burst, clock()

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left now."""
        now = self._clock()
        self._left, self._at = min(self._burst, self._left + (now - self._at) * self._rate), now
        return self._left < 1

    def take(self) -> bool:
        """Takes one, if there is one."""
        if self.is_spent:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True)
class Group:
    """What a group of the class sets.

    Attributes:
        lever: Path of one of `levers_of_groups`.
        low: Lowest value, within the usual range of the lever; likewise the highest.
        high: Highest value.
        typed: What the teacher has typed, used where no phone of the group has chosen; None for nothing.
    """

    lever: str
    low: float
    high: float
    typed: float | None = None

    def snapped(self, value: float) -> float:
        """A value within the bounds and on a step of the lever, counted from the lower bound."""
        step = _usual(find(self.lever))[2]
        steps = round((min(max(value, self.low), self.high) - self.low) / step)
        return round(min(self.low + steps * step, self.high), 6)


@dataclass(frozen=True)
class Tally:
    """Answers to one prediction, counted.

    Attributes:
        bars: From the largest fall to the largest rise, "about the same" in the middle; an odd number.
        number: How many have answered.
        most: End of the scale, in percent of the reference.
    """

    bars: tuple[int, ...]
    number: int
    most: int

    @property
    def middle(self) -> int:
        """Place of the bar of "about the same"."""
        return len(self.bars) // 2


@dataclass
class _Phone:
    allowance: Allowance
    seen: float
    answers: dict[tuple[str, str], Given] = field(default_factory=dict)
    group: int = 0
    value: float | None = None


class Gathering:
    """A class that answers together; every method may be called from any thread.

    Args:
        most: Phones at once, at least 1.
        clock: Seconds.

    Attributes:
        code: Stands in the address of the phones' page; another one after each `begin`.
        stage: What phones may answer now: nothing yet, predictions, levers of groups, or nothing any more.
        exercise: Name of the exercise that is asked about; empty for none.
        version: Changes with whatever a page shows of it.
        groups: What the groups set, in order.
    """

    def __init__(self, most: int = PHONES, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.code = new_code()
        self.stage: Stage = "wait"
        self.exercise = ""
        self.version = 0
        self.groups: tuple[Group, ...] = ()
        self._clock = clock
        self._phones: dict[str, _Phone] = {}
        self._hands: dict[tuple[str, str], dict[str, int]] = {}
        self._lock = threading.RLock()

    # -- phones ----------------------------------------------------------------------------------------------------

    @property
    def phones(self) -> int:
        """Phones that have a place."""
        return len(self._phones)

    def join(self) -> str | None:
        """A place for a phone, by a random token; None where all are taken, or where the class has ended."""
        with self._lock:
            if self.stage == "end":
                return None
            if len(self._phones) >= self.most:
                late = self._clock() - _SILENT
                for token in [token for token, phone in self._phones.items() if phone.seen < late]:
                    del self._phones[token]
            if len(self._phones) >= self.most:
                return None
            token = secrets.token_urlsafe(16)
            self._phones[token] = _Phone(Allowance(_BURST, _RATE, self._clock), self._clock())
            self.version += 1
            return token

    def has_place(self, token: str) -> bool:
        """Whether a phone has a place."""
        return token in self._phones

    def allows(self, token: str) -> bool | None:
        """Whether a phone may ask now: False where it has asked too often, None where it has no place."""
        with self._lock:
            phone = self._phones.get(token)
            if phone is None:
                return None
            phone.seen = self._clock()
            return phone.allowance.take()

    def given(self, token: str) -> Mapping[str, Given]:
        """What a phone has answered to the exercise that is asked about, by name of what was predicted."""
        with self._lock:
            phone = self._phones.get(token)
            answers = {} if phone is None else phone.answers
            return {name: given for (exercise, name), given in answers.items() if exercise == self.exercise}

    def chosen(self, token: str) -> tuple[int, float | None]:
        """Group of a phone, from 1, and the value it has chosen; 0 and None where it has none."""
        with self._lock:
            phone = self._phones.get(token)
            return (0, None) if phone is None else (phone.group, phone.value)

    # -- predictions -----------------------------------------------------------------------------------------------

    def ask(self, exercise: str) -> None:
        """Lets phones predict in an exercise; what they have answered before stays until they change it."""
        with self._lock:
            self.exercise, self.stage = material().exercise(exercise).id, "predict"
            self.version += 1

    def close(self) -> None:
        """Takes no more answers."""
        with self._lock:
            if self.stage != "end":
                self.stage = "wait"
                self.version += 1

    def answer(self, token: str, name: str, answer: object, much: object) -> None:
        """Takes a phone's prediction, in the place of an earlier one.

        Args:
            token: Of the phone.
            name: Name of what is predicted, in the exercise that is asked about.
            answer: One of `ANSWERS`.
            much: How much, on a step of the scale, in percent; not looked at where it is about the same.

        Raises:
            Refused: If it cannot be taken.
        """
        with self._lock:
            phone = self._phones.get(token)
            if phone is None or self.stage != "predict":
                raise Refused("no predictions are taken now")
            asked = {one.name: one for one in material().exercise(self.exercise).predict}
            one = asked.get(name)
            if one is None:
                raise Refused("this is not asked")
            phone.answers[self.exercise, name] = _checked(one, answer, much)
            self.version += 1

    def count(self, exercise: str, name: str, choice: str, hands: int) -> None:
        """Sets the number of hands that were raised for a choice.

        Args:
            exercise: Name of the exercise.
            name: Name of what is predicted.
            choice: One of `CHOICES`.
            hands: How many; bounded to 0 to 999.
        """
        with self._lock:
            counts = self._hands.setdefault((exercise, name), dict.fromkeys(CHOICES, 0))
            counts[choice] = min(max(0, int(hands)), _HANDS)
            self.version += 1

    def hands(self, exercise: str, name: str) -> Mapping[str, int]:
        """Hands by choice."""
        with self._lock:
            return dict(self._hands.get((exercise, name)) or dict.fromkeys(CHOICES, 0))

    def answered(self, exercise: str) -> int:
        """Phones that have answered anything in an exercise."""
        with self._lock:
            return sum(any(name == exercise for name, _ in phone.answers) for phone in self._phones.values())

    def tally(self, exercise: str, one: Predicted) -> Tally:
        """The answers of phones and hands, by direction and how much."""
        by_phones, hands = self._answers(exercise, one)
        has_hands = any(hands.values())
        side = _BARS_OF_HANDS if has_hands else _BARS
        bars = [0] * (2 * side + 1)
        for given in by_phones:
            away = -(-given.much * side // one.most)
            bars[side + (away if given.answer == "up" else -away)] += 1
        if has_hands:
            for place, choice in enumerate(CHOICES):
                bars[place] += hands[choice]
        return Tally(tuple(bars), sum(bars), one.most)

    def middle(self, exercise: str, one: Predicted) -> Given | None:
        """The median of all answers, on a step of the scale; a hand counts as the middle of its half of the scale.

        None where nobody has answered.
        """
        by_phones, hands = self._answers(exercise, one)
        changes = [given.change for given in by_phones]
        for choice, number in hands.items():
            changes += [_MIDDLES[choice] * one.most] * number
        if not changes:
            return None
        change = statistics.median(changes)
        much = min(round(abs(change) / one.step) * one.step, one.most)
        return Given("same") if much == 0 else Given("up" if change > 0 else "down", much)

    def _answers(self, exercise: str, one: Predicted) -> tuple[list[Given], dict[str, int]]:
        with self._lock:
            key = (exercise, one.name)
            return [phone.answers[key] for phone in self._phones.values() if key in phone.answers], dict(
                self.hands(*key)
            )

    def forget(self, exercise: str) -> None:
        """Forgets all answers in an exercise."""
        with self._lock:
            for phone in self._phones.values():
                phone.answers = {key: given for key, given in phone.answers.items() if key[0] != exercise}
            self._hands = {key: counts for key, counts in self._hands.items() if key[0] != exercise}
            self.version += 1

    # -- groups ----------------------------------------------------------------------------------------------------

    def set_groups(self, groups: Sequence[Group]) -> None:
        """Sets what the groups decide; values that phones have chosen for another lever or outside go.

        Raises:
            Refused: If there are too few or too many, or if bounds are not within the usual range of the lever.
        """
        if not GROUPS[0] <= len(groups) <= GROUPS[1]:
            raise Refused(f"{len(groups)} groups: there are {GROUPS[0]} to {GROUPS[1]}")
        allowed = {lever.path: lever for lever in levers_of_groups()}
        for number, group in enumerate(groups, 1):
            if group.lever not in allowed:
                raise Refused(f"group {number}: {group.lever!r} is no lever of groups")
            low, high, _ = _usual(allowed[group.lever])
            if not low <= group.low < group.high <= high:
                raise Refused(f"group {number}: give bounds from {low:g} to {high:g}, the lower one first")
            if group.typed is not None and not group.low <= group.typed <= group.high:
                raise Refused(f"group {number}: give a value from {group.low:g} to {group.high:g}")
        with self._lock:
            for phone in self._phones.values():
                place = phone.group - 1
                same = 0 <= place < min(len(groups), len(self.groups)) and _bounds(groups[place]) == _bounds(
                    self.groups[place]
                )
                if phone.group and not same:
                    phone.group, phone.value = (phone.group if place < len(groups) else 0), None
            self.groups = tuple(groups)
            self.version += 1

    def ask_groups(self) -> None:
        """Lets phones choose a group and the value of its lever."""
        with self._lock:
            if self.groups:
                self.stage = "groups"
                self.version += 1

    def choose(self, token: str, group: object, value: object) -> None:
        """Takes a phone's group and its value.

        Args:
            token: Of the phone.
            group: From 1.
            value: Within the bounds of the group; None for none yet.

        Raises:
            Refused: If it cannot be taken.
        """
        with self._lock:
            phone = self._phones.get(token)
            if phone is None or self.stage != "groups":
                raise Refused("groups do not choose now")
            if not isinstance(group, int) or isinstance(group, bool) or not 1 <= group <= len(self.groups):
                raise Refused("there is no such group")
            one = self.groups[group - 1]
            if value is not None:
                if not isinstance(value, int | float) or isinstance(value, bool) or not one.low <= value <= one.high:
                    raise Refused("this value is outside the bounds")
                value = one.snapped(float(value))
            phone.group, phone.value = group, value
            self.version += 1

    def value(self, number: int) -> tuple[float | None, int]:
        """Value of a group, from 1, and how many phones have chosen: their median, else what the teacher has typed."""
        with self._lock:
            group = self.groups[number - 1]
            values = [p.value for p in self._phones.values() if p.group == number and p.value is not None]
            return (group.snapped(statistics.median(values)) if values else group.typed), len(values)

    def type_value(self, number: int, value: float | None) -> None:
        """The teacher's value of a group, from 1; used where no phone has chosen.

        Raises:
            Refused: If it is outside the bounds.
        """
        with self._lock:
            groups = list(self.groups)
            groups[number - 1] = replace(groups[number - 1], typed=value)
            self.set_groups(groups)

    # -- the end ---------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Forgets all phones, answers, hands and groups; no phone is let in until `begin`."""
        with self._lock:
            self._forget()
            self.stage = "end"

    def begin(self) -> None:
        """A class from the start, with another code."""
        with self._lock:
            self._forget()
            self.stage, self.code = "wait", new_code()

    def _forget(self) -> None:
        self._phones.clear()
        self._hands.clear()
        self.groups, self.exercise = (), ""
        self.version += 1


#: Where in the scale a hand is counted: in the middle of its half.
_MIDDLES: Final = {"down_much": -0.75, "down_little": -0.25, "same": 0.0, "up_little": 0.25, "up_much": 0.75}


def new_code() -> str:
    """A random code for an address: 31 letters and digits to the power of 8."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def levers_of_groups() -> tuple[Lever, ...]:
    """Levers that a group can set: numbers that somebody decides, for the country or every district, from a month on.

    Beds and places are set by city and centre: one number for all would say little.
    """
    return tuple(
        lever
        for lever in REGISTRY
        if lever.kind is Kind.DATED
        and lever.section == "levers"
        and lever.holds is not Holds.TRUE_FALSE
        and lever.usual is not None
        and lever.by in (By.NOTHING, By.DISTRICT)
    )


def usual_group(path: str) -> Group:
    """A group with the whole usual range of a lever."""
    low, high, _ = _usual(find(path))
    return Group(path, low, high)


def asked_of(exercise: Exercise) -> tuple[str, ...]:
    """Keys of the outcomes that groups are compared by: those that are predicted, each once."""
    return tuple(dict.fromkeys(one.key for one in exercise.predict))


def _usual(lever: Lever) -> tuple[float, float, float]:
    assert lever.usual is not None, "every lever of groups has a usual range"
    return lever.usual


def _bounds(group: Group) -> tuple[str, float, float]:
    return group.lever, group.low, group.high


def _checked(one: Predicted, answer: object, much: object) -> Given:
    if answer not in ANSWERS or not isinstance(answer, str):
        raise Refused("there is no such answer")
    if answer == "same":
        return Given("same")
    is_whole = isinstance(much, int) and not isinstance(much, bool)
    if not is_whole or not isinstance(much, int) or not one.step <= much <= one.most or much % one.step:
        raise Refused(f"how much is given in steps of {one.step} to {one.most}")
    return Given(answer, much)
