"""Hosts: persons with legal residence, and congregations, who can provide for somebody (F 4.4, 7.3).

Hosts of one background and place form circles: a milieu of compatriots, or a congregation where one of them is one.
Those who know a host belong to that host's circle; help, news of jobs and news of forced returns travel in it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from irregsim.model.asylum_counts import decisions
from irregsim.model.chance import pick
from irregsim.model.draws import Draws, UInt64Array
from irregsim.model.values import At
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import Substrategy

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Hosts:
    """The registry of hosts, drawn once per replicate, in strata of country background and place.

    Args:
        draws: Keyed draws of the replicate.
        at: Values of the first month; reads ``hosts_count``, the type shares, ``host_patience_log_sd`` and
            ``exploitative_host_share``, ``circle_hosts_count``.
    """

    def __init__(self, draws: Draws, at: At) -> None:
        countries, places = reference.countries(), reference.places()
        rejected = decisions().rejected.sum(axis=0)
        seen = np.array([c.immigration_act_count for c in countries])
        by_country = rejected / rejected.sum() + seen / seen.sum()
        by_place = np.array([p.former_asylum_share + p.never_asylum_share for p in places])
        weight = np.outer(by_country / by_country.sum(), by_place / by_place.sum())
        size = np.maximum(1, np.floor(weight * at.hosts_count * at.scale + 0.5).astype(np.int64))
        self.stratum_size = size
        self.stratum_start = np.concatenate([[0], np.cumsum(size.ravel())[:-1]]).reshape(size.shape)
        stratum = np.repeat(np.arange(size.size), size.ravel())
        within = np.arange(len(stratum)) - self.stratum_start.ravel()[stratum]
        self.country, self.place = stratum // len(places), stratum % len(places)
        self._join_circles(stratum, within, round(at.circle_hosts_count))
        # A host keeps its identity whatever the number of hosts: stratum and number within it.
        self.key = draws.keys(
            (stratum.astype(np.uint64) << np.uint64(24)) + within.astype(np.uint64) + np.uint64(1 << 60)
        )
        ratio = np.array([c.congregation_ratio for c in countries])[self.country]
        # Host types carry the codes of the subtypes of those who stay with them.
        of_type = {
            Substrategy.PARTNER: at.host_partner_share,
            Substrategy.RELATIVE: at.host_relative_share,
            Substrategy.FRIEND: at.host_friend_share,
        }
        shares = np.array(list(of_type.values()))
        plain = pick(np.cumsum(shares / shares.sum()), draws.uniform("host_type", -1, self.key))
        is_congregation = draws.uniform("host_capacity", -1, self.key) < at.host_congregation_share * ratio
        self.type = np.where(is_congregation, int(Substrategy.CONGREGATION), np.array(list(of_type))[plain])
        self.capacity = np.where(is_congregation, round(at.congregation_places), 1)
        self.patience = np.exp(at.host_patience_log_sd * ndtri(draws.uniform("host_patience", -1, self.key)))
        self.is_exploitative = draws.uniform("host_exploits", -1, self.key) < at.exploitative_host_share
        #: Whether each circle has a congregation or ethnic network, shape (circles + 1,); the last is for nobody.
        self.is_congregation_circle: npt.NDArray[np.bool_] = np.zeros(self.circle_count + 1, dtype=np.bool_)
        self.is_congregation_circle[self.circle[:-1][is_congregation]] = True

    def _join_circles(self, stratum: IntArray, within: IntArray, size: int) -> None:
        """Divides the hosts of each stratum, in their fixed order, into circles of ``size`` hosts.

        A circle keeps its hosts whatever the number of hosts, since a host keeps its number within the stratum; only
        the last circle of a stratum may be smaller.
        """
        starts = within % size == 0
        number = np.cumsum(starts) - 1
        self.circle_count = int(starts.sum())
        #: Circle of each host, shape (hosts + 1,); the last entry is the circle of no host, `circle_count`.
        self.circle = np.append(number, self.circle_count)
        self.circle_start = np.flatnonzero(starts)
        self.circle_size = np.bincount(number, minlength=self.circle_count)
        self.circle_country = self.country[self.circle_start]

    def __len__(self) -> int:
        return len(self.key)

    def of(self, country: IntArray, place: IntArray, uniform: FloatArray) -> IntArray:
        """A host of the same background in a place, by a keyed uniform.

        Args:
            country: Country of the guest, shape (n,).
            place: Place to look in, shape (n,).
            uniform: In (0, 1), shape (n,).

        Returns:
            Host numbers, shape (n,).
        """
        stratum = country * self.stratum_size.shape[1] + place
        size, start = self.stratum_size.take(stratum), self.stratum_start.take(stratum)
        return np.asarray(start + (uniform * size).astype(np.int64))

    def fellow(self, host: IntArray, uniform: FloatArray) -> IntArray:
        """A host in the same circle as another one, by a keyed uniform.

        Args:
            host: Hosts somebody knows, shape (n,).
            uniform: In (0, 1), shape (n,).

        Returns:
            Host numbers, shape (n,); it may be the same host.
        """
        circle = self.circle[host]
        return np.asarray(self.circle_start[circle] + (uniform * self.circle_size[circle]).astype(np.int64))


#: What a tie slot adds to the key of a person.
_SLOT = np.arange(1, 9, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def slot_keys(keys: UInt64Array, slot: int | IntArray) -> UInt64Array:
    """Keys of a person's tie slots, 0 to 7: one slot for all, or one each."""
    return np.asarray(keys + _SLOT[slot])
