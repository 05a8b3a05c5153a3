"""The support network as a graph: who lives with, works for and knows whom (docs/odd.md; F 4.3, 4.4).

The columns of the population hold the ties; this module shows them to networkx, for drawing and analysis. No node
reveals a citizenship.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from irregsim.model.centres import COUNT, IS_ALTERNATIVE, IS_NEW, NAMED, PLACE_OF
from irregsim.model.employers import SECTORS
from irregsim.model.population import person_code
from irregsim.model.world import World
from irregsim.vocabulary import reference
from irregsim.vocabulary.codes import DISTRICTS, Strategy, Substrategy

if TYPE_CHECKING:
    import networkx as nx

IntArray = npt.NDArray[np.int64]

#: Kinds of edges.
TIE, GUEST, RESIDENT, WORKER, SIDE_WORKER, CO_NATIONAL, FAMILY, MEMBER = (
    "tie",
    "guest",
    "resident",
    "worker",
    "side_worker",
    "co_national",
    "family",
    "member",
)


def employer_node(number: int) -> str:
    """Name of an employer's node."""
    return f"employer-{number}"


def host_node(world: World, number: int) -> str:
    """Name of a host's node: its key, since hosts are numbered by background and a number would reveal it."""
    return f"host-{int(world.hosts.key[number]):016x}"


def circle_node(world: World, number: int) -> str:
    """Name of a circle's node: the key of its first host, since circles are numbered by background too."""
    return f"circle-{int(world.hosts.key[world.hosts.circle_start[number]]):016x}"


def centre_node(number: int) -> str:
    """Name of a centre's node."""
    return f"centre-{number}"


def centre_name(number: int) -> str:
    """Name of a centre for readers; alternative placement is named by its city."""
    if number < NAMED:
        return reference.centres()[number].name
    if IS_NEW[number]:
        return f"new centre {reference.new_centres()[number - NAMED].name}"
    return f"alternative placement {reference.places()[PLACE_OF[number]].city_name}"


def centre_kind(number: int) -> str:
    """``ordinary``, ``adapted``, ... as in `centres.csv`, or ``alternative`` for alternative placement."""
    if IS_ALTERNATIVE[number]:
        return "alternative"
    return "ordinary" if IS_NEW[number] else reference.centres()[number].kind


def sample(world: World, limit: int | None) -> IntArray:
    """Rows of some of the persons now in the country: those with the lowest keys.

    Keys are random numbers made from the seed and the person's identity. So the sample does not depend on the order
    of rows, the same persons are followed from month to month and from scenario to scenario, and a larger sample
    holds every smaller one.

    Args:
        world: The replicate.
        limit: Number of persons at most, 0 or more; None for all.

    Returns:
        Row numbers of the population, by ascending key.

    Raises:
        ValueError: If the limit is below 0.
    """
    if limit is not None and limit < 0:
        raise ValueError(f"limit is {limit}: give the number of persons to show, 0 or more, or None for all")
    p = world.population
    here = np.flatnonzero(p.is_here)
    return here[np.argsort(p.key[here])[:limit]]


def to_networkx(world: World, limit: int | None = 500) -> nx.Graph[str]:
    """The support network of a sample of persons.

    Nodes have ``kind`` (``person``, ``host``, ``circle``, ``centre``, ``employer``) and what belongs to the kind:
    persons ``strategy``, ``district`` and ``city`` and are named by their sixteen digits; hosts ``type``, circles
    ``type`` (``congregation`` where one of its hosts is one, else ``compatriots``), centres ``name`` and ``type``,
    employers ``sector``, and each its ``district`` and ``city``. All centres are nodes; hosts, circles and employers
    are when someone in the sample knows, belongs to, lives with or works for them.

    Edges have ``kind``: ``tie`` (a host the person could turn to), ``guest`` (lives with), ``member`` (of a circle, for
    its hosts and for the persons who know one of them), ``resident`` (of a centre), ``worker``, ``side_worker``,
    ``co_national`` (two persons in one circle: between them news of jobs and of forced returns travels) and ``family``
    (child and guardian). Where two persons or a person and a host are joined in two ways, the closer one is kept:
    ``guest`` before ``tie``, ``family`` before ``co_national``.

    Args:
        world: The replicate, between two months or within one.
        limit: Number of persons at most; see `sample`.

    Returns:
        An undirected graph.
    """
    import networkx as nx

    p, hosts, employers = world.population, world.hosts, world.employers
    graph: nx.Graph[str] = nx.Graph(month=world.month)
    for number in range(COUNT):
        if IS_NEW[number] and not world.centres.is_open[number]:
            continue  # no scenario has opened it
        graph.add_node(
            centre_node(number),
            kind="centre",
            name=centre_name(number),
            type=centre_kind(number),
            **_where(int(PLACE_OF[number])),
        )
    rows = sample(world, limit)
    names = {int(row): person_code(int(p.person_id[row])) for row in rows}
    for row, name in names.items():
        strategy = Strategy(int(p.strategy[row])).code
        graph.add_node(name, kind="person", strategy=strategy, **_where(int(p.place[row])))

    known: dict[int, str] = {}  # hosts that are nodes

    def add_host(number: int) -> str:
        node = host_node(world, number)
        if number not in known:
            known[number] = node
            kind = Substrategy(int(hosts.type[number])).code
            graph.add_node(node, kind="host", type=kind, **_where(int(hosts.place[number])))
        return node

    def add_employer(number: int) -> str:
        node = employer_node(number)
        if node not in graph:
            sector = SECTORS[int(employers.sector[number])]
            graph.add_node(node, kind="employer", sector=sector, **_where(int(employers.place[number])))
        return node

    for row, name in names.items():
        for slot in (p.tie_0, p.tie_1, p.tie_2):
            if slot[row] >= 0:
                graph.add_edge(name, add_host(int(slot[row])), kind=TIE)
        if p.host[row] >= 0:
            graph.add_edge(name, add_host(int(p.host[row])), kind=GUEST)
        if p.centre[row] >= 0:
            graph.add_edge(name, centre_node(int(p.centre[row])), kind=RESIDENT)
        for kind, column in ((SIDE_WORKER, p.side_employer), (WORKER, p.employer)):
            if column[row] >= 0:
                graph.add_edge(name, add_employer(int(column[row])), kind=kind)
    _join_circles(world, graph, rows, names, known)
    for row, name in names.items():
        guardian = names.get(int(p.guardian[row]))
        if guardian is not None:
            graph.add_edge(name, guardian, kind=FAMILY)
    return graph


def _where(place: int) -> dict[str, str]:
    there = reference.places()[place]
    return {"district": DISTRICTS[there.district], "city": there.city_name}


def _join_circles(
    world: World, graph: nx.Graph[str], rows: IntArray, names: dict[int, str], known: dict[int, str]
) -> None:
    """Circles of compatriots and congregations, their hosts, and persons who meet there (F 4.4; M041)."""
    hosts, circles = world.hosts, world.circles(rows)
    together: dict[int, list[str]] = {}
    for i, row in enumerate(rows.tolist()):
        for number in sorted(set(circles[:, i].tolist()) - {hosts.circle_count}):
            together.setdefault(number, []).append(names[row])
    for number, members in sorted(together.items()):
        node = circle_node(world, number)
        kind = "congregation" if hosts.is_congregation_circle[number] else "compatriots"
        graph.add_node(node, kind="circle", type=kind, **_where(int(hosts.place[hosts.circle_start[number]])))
        graph.add_edges_from(((name, node) for name in members), kind=MEMBER)
        for i, one in enumerate(members):
            graph.add_edges_from(((one, other) for other in members[i + 1 :]), kind=CO_NATIONAL)
    for number, name in sorted(known.items()):
        circle = int(hosts.circle[number])
        if circle in together:
            graph.add_edge(name, circle_node(world, circle), kind=MEMBER)
