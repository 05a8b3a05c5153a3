"""The only randomness in the package: uniform numbers as a pure function of names.

A draw is keyed by (seed, replicate, channel, subject, month), where the subject is a person, a centre, a host or
an employer. Nothing has a state, so a draw does not depend on what was drawn before, on the number of
processes or on the order of rows.

Method. Two 64-bit keys are made by the splitmix64 finaliser (Steele, Lea and Flood 2014; Stafford's variant 13 of
the MurmurHash3 finaliser): one for the subject in this run, one for the channel in this month. Their exclusive or
goes once more through the finaliser, whose top 53 bits are the draw. The finaliser is a bijection on 64 bits with
full avalanche; two pairs of keys meet in the same input with a chance of 2**-64 each. Only additions,
multiplications, shifts and exclusive ors of unsigned integers are used, so results are equal to the last bit on
every processor and version.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled import twinned
from irregsim.vocabulary.codes import Substrategy

UInt64Array = npt.NDArray[np.uint64]
FloatArray = npt.NDArray[np.float64]

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_M1: Final = 0xBF58476D1CE4E5B9
_M2: Final = 0x94D049BB133111EB

_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MUL1, _MUL2, _ONE = np.uint64(_M1), np.uint64(_M2), np.uint64(1)
_SCALE: Final = 2.0**-53
#: Number of subjects beyond which decisions are drawn one after the other.
_WIDE: Final = 2000

#: One channel is one decision. Numbers never change: a new decision takes a new number at the end, and a
#: number whose decision is gone is never used again.
CHANNELS: Final[dict[str, int]] = {
    # who comes, and who they are (drawn once, month 0)
    "inflow": 1,
    "birth_age": 2,
    "birth_sex": 3,
    "birth_place": 4,
    "birth_family": 5,
    "birth_children": 6,
    "birth_child_status": 7,
    "birth_identity": 8,
    "birth_forged_papers": 9,
    "birth_care_need": 10,
    "birth_has_tie": 11,
    "birth_tie_count": 12,
    "birth_tie_host": 13,
    "birth_tie_far": 14,
    "birth_strategy": 15,
    "birth_substrategy": 16,
    "birth_centre": 17,
    "birth_tax_card": 19,
    "birth_elderly_parent": 20,
    "birth_past_months": 21,
    "birth_rank": 22,
    "birth_conviction": 23,
    "held_at_rejection": 24,
    # the registry of employers, hosts and centres (drawn once)
    "employer_place": 40,
    "employer_sector": 41,
    "employer_jobs": 42,
    "employer_readiness": 43,
    "employer_perception": 44,
    "employer_foreign": 49,
    "host_type": 45,
    "host_capacity": 46,
    "host_patience": 47,
    "host_exploits": 48,
    # ties
    "tie_forms": 60,
    "tie_forms_host": 61,
    "tie_wears": 62,
    "tie_lost_at_transfer": 63,
    "city_move": 64,
    "city_move_where": 65,
    "tie_within_circle": 66,
    # reception
    "unit_closes": 80,
    "transfer_rank": 81,
    "transfer_walkout": 82,
    "walkout": 84,
    "pu_fetch": 85,
    "pu_fetch_identity": 86,
    "dublin_transfer": 87,
    "dublin_abscond": 88,
    "overflow_rank": 90,
    # labour
    "inspection": 100,
    "job_loss": 101,
    "tax_card_loss": 102,
    "complaint": 103,
    "employer_sanctioned": 104,
    "workdays_documented": 105,
    "worker_sanctioned": 106,
    "worker_recognised": 107,
    "job_offer": 108,
    "job_rank": 109,
    "vacancy_rank": 110,
    "side_job_ends": 111,
    "dismissal_rank": 113,
    "sanction_out_of_scope": 115,
    "side_inspection": 116,
    # support
    "host_ends_stay": 130,
    "rent_demand": 131,
    "break_up": 132,
    "violence_begins": 133,
    "violence_breaks": 134,
    "benefits_stopped": 136,
    "crisis_centre": 137,
    "host_rank": 138,
    # choice
    "choice_stay": 150,
    "choice_centre": 151,
    "choice_dependence": 152,
    "choice_work": 153,
    "choice_sex_sale": 154,
    "choice_drugs": 155,
    "choice_property": 156,
    "choice_assisted": 157,
    "choice_onward": 158,
    "choice_survival_sex": 159,
    "reconsider": 160,
    "centre_rank": 161,
    "centre_where": 162,
    "market_loss": 167,
    "way_out": 168,
    # control
    "identity_control": 180,
    "crime_control": 181,
    "sex_market_control": 182,
    "track_bortvist": 183,
    "track_penal": 184,
    "track_detained": 185,
    "track_leaves": 186,
    "track_transport": 187,
    "detention_rank": 188,
    "trafficking_identified": 189,
    "decision_delay": 190,
    "asylum_case_expulsion": 191,
    "police_look_away": 192,
    # exits
    "assisted_return": 200,
    "onward": 201,
    "regularised": 202,
    "temporary_permit": 203,
    "temporary_permit_ends": 204,
    "death": 205,
    "exit_control": 206,
    "scheme_regularised": 207,
    # needs and services
    "care_need": 220,
    "care_sought": 221,
    "care_given": 222,
    "offence": 223,
    "offence_reported": 224,
    "exploited_at_work": 225,
    "care_bill": 226,
    # registers (channels of the observation model)
    "register_dispersion": 240,
    "register_pending": 242,
    # calibration
    "design": 250,
    "sampler": 251,
    "target_error": 252,
    # what came later, whatever the step
    "hire_forged_papers": 253,
    "identity": 254,
    "work_overlooked": 255,
    "colleague_news": 256,
    "sent_away": 257,
    "union_complaint": 258,
    "wage_taken": 259,
    "reporter_removed": 260,
    "birth": 261,
    "driver_walk": 264,
}
#: Options of later subtypes: from their code, which never changes either. No other decision has such a number.
CHANNELS.update({s.option: 1000 + int(s) for s in Substrategy if s.option and s.option not in CHANNELS})

#: First number for channels of those who extend the model; irregsim itself never uses one from here on.
OWN_CHANNELS: Final = 10_000
_OWN: dict[str, int] = {}


def add_channel(name: str, number: int) -> None:
    """Adds a channel for a decision that irregsim does not know, to extend the model from outside.

    Adding the same name with the same number again changes nothing. Draws made before do not know the channel.

    Args:
        name: Of the decision; not one in `CHANNELS`.
        number: `OWN_CHANNELS` or more, and permanent: another number gives other lives.

    Raises:
        ValueError: If the name or the number is taken, or the number is too small.
    """
    if name in CHANNELS:
        raise ValueError(f"{name} is a channel of irregsim: choose another name")
    if number < OWN_CHANNELS:
        raise ValueError(f"channel {name}: {number} is reserved for irregsim; give {OWN_CHANNELS} or more")
    other = next((own for own, taken in _OWN.items() if taken == number), name)
    if other != name:
        raise ValueError(f"channel {name}: {number} is already used by {other}; every decision needs its own number")
    if _OWN.setdefault(name, number) != number:
        raise ValueError(f"channel {name} already has the number {_OWN[name]}, which cannot be changed")


def mix(value: int) -> int:
    """The splitmix64 finaliser of one whole number, taken modulo 2**64."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * _M1) & _MASK
    value = ((value ^ (value >> 27)) * _M2) & _MASK
    return value ^ (value >> 31)


def mix_array(values: UInt64Array) -> UInt64Array:
    """The splitmix64 finaliser, element by element.

    Args:
        values: Unsigned 64-bit integers of any shape; not changed.

    Returns:
        A new array of the same shape.
    """
    out = values >> _S30
    out ^= values
    out *= _MUL1
    out ^= out >> _S27
    out *= _MUL2
    out ^= out >> _S31
    return out


class Draws:
    """Uniform numbers of one replicate.

    Args:
        seed: Random seed of the run, 0 to 2**63 - 1.
        replicate: Number of the replicate, from 0 up.
    """

    __slots__ = ("_base", "_channels", "replicate", "seed")

    def __init__(self, seed: int, replicate: int) -> None:
        if seed < 0 or replicate < 0:
            raise ValueError("seed and replicate are 0 or more")
        self.seed = seed
        self.replicate = replicate
        self._base = np.uint64(mix(mix(seed + _GOLDEN) ^ mix(replicate * _GOLDEN + 1)))
        self._channels = {name: mix(number * _GOLDEN) for name, number in (CHANNELS | _OWN).items()}

    @property
    def base(self) -> np.uint64:
        """What the keys of all subjects of this replicate are mixed with."""
        return self._base

    def keys(self, subjects: npt.ArrayLike) -> UInt64Array:
        """Keys of subjects in this replicate.

        Args:
            subjects: Identities as unsigned 64-bit integers, shape (n,). A person's identity does not depend on
                the scenario, so a person's key does not either.

        Returns:
            Shape (n,), to be given to `uniform`.
        """
        ids = np.asarray(subjects, dtype=np.uint64)
        return mix_array(mix_array(ids + np.uint64(_GOLDEN)) ^ self._base)

    @twinned
    def uniform(self, channel: str, month: int, keys: UInt64Array) -> FloatArray:
        """One uniform number per subject for one decision in one month.

        Args:
            channel: A name in `CHANNELS`, or one added by `add_channel`.
            month: Month number; -1 for what is drawn once.
            keys: From `keys`, shape (n,).

        Returns:
            Numbers strictly between 0 and 1, odd multiples of 2**-53, shape (n,).

        Raises:
            KeyError: If the channel is not in the registry.
        """
        return _finalise(keys ^ _salt(self._channels[channel], month))

    def uniforms(self, channels: Sequence[str], month: int, keys: UInt64Array) -> FloatArray:
        """Several decisions of the same subjects in one month; row i equals ``uniform(channels[i], ...)``.

        Args:
            channels: Names in `CHANNELS`.
            month: Month number; -1 for what is drawn once.
            keys: From `keys`, shape (n,).

        Returns:
            Numbers strictly between 0 and 1, shape (channels, n).
        """
        if len(keys) > _WIDE:
            # Row by row what is worked on stays in the processor's cache.
            return np.stack([self.uniform(channel, month, keys) for channel in channels])
        return _finalise(keys ^ self.salts(channels, month)[:, None])

    def salt(self, channel: str, month: int) -> np.uint64:
        """What a decision of one month mixes into the keys of its subjects."""
        return _salt(self._channels[channel], month)

    def salts(self, channels: Sequence[str], month: int) -> UInt64Array:
        """What each of several decisions of one month mixes into the keys of its subjects, shape (channels,)."""
        return np.array([_salt(self._channels[channel], month) for channel in channels], dtype=np.uint64)

    @staticmethod
    def one(salt: int, key: int) -> float:
        """One uniform number, as `uniform` gives it, without the overhead of arrays.

        Args:
            salt: Of the decision in its month, one of `salts`.
            key: Of the subject, one of `keys`.
        """
        return ((mix(salt ^ key) >> 11) | 1) * _SCALE


@lru_cache(maxsize=1 << 15)  # of all channels in all months: every replicate asks for the same
def _salt(channel: int, month: int) -> np.uint64:
    """What a decision in one month mixes into the keys of its subjects."""
    return np.uint64(mix(channel + (month + 2) * _M1))


@twinned
def _finalise(bits: UInt64Array) -> FloatArray:
    """The splitmix64 finaliser in place, then the top 53 bits as a number between 0 and 1.

    The last of them is always set: odd multiples of 2**-53 are exact and never 0 or 1.
    """
    bits ^= bits >> _S30
    bits *= _MUL1
    bits ^= bits >> _S27
    bits *= _MUL2
    bits ^= bits >> _S31
    bits >>= _S11
    bits |= _ONE
    out = bits.astype(np.float64)
    out *= _SCALE
    return out
