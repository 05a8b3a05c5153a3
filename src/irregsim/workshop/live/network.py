"""The support network of a sample, on both sides, with places that move little from month to month."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from irregsim.agents.network import CO_NATIONAL, to_networkx
from irregsim.model.world import World

if TYPE_CHECKING:
    import networkx as nx

#: Persons in the sample.
SAMPLE: Final = 110

_HUB: Final = ""

#: Rounds of the layout for a new network, and for one that is drawn on from the month before.
_ROUNDS: Final = (60, 6)


@dataclass(frozen=True)
class Net:
    """A network of both sides.

    Attributes:
        graphs: Of the reference, and of the scenario once the two have parted.
        places: Place of every node that has a tie, each coordinate about -1 to 1; the same on both sides.
        persons: Persons in the sample of the reference.
    """

    graphs: tuple[nx.Graph[str], ...]
    places: Mapping[str, tuple[float, float]]
    persons: int


def network(reference: World, scenario: World, before: Net | None = None, most: int = SAMPLE) -> Net:
    """The network of the same sample on both sides, laid out by networkx.

    A node keeps about the place it had. Persons without any tie in the sample have none, and neither have centres
    and employers with nobody of the sample.

    Args:
        reference: World of the reference.
        scenario: World of the scenario; the same object while the two have not parted.
        before: The network drawn last.
        most: Persons in the sample.
    """
    import networkx as nx

    worlds = (reference,) if scenario is reference else (reference, scenario)
    graphs = tuple(_without_crowds(to_networkx(world, most)) for world in worlds)
    whole = nx.compose_all(graphs)
    whole.remove_nodes_from([node for node, degree in dict(whole.degree()).items() if degree == 0])
    known = {} if before is None else {node: place for node, place in before.places.items() if node in whole}
    start = {node: known.get(node) or _beside(node, whole, known) for node in whole}
    rounds = _ROUNDS[1] if len(known) > len(whole) / 2 else _ROUNDS[0]
    places = {}
    if len(whole):
        # Parts that nothing joins would drive each other to the edge: a hub that is not drawn holds them.
        held: nx.Graph[str] = nx.Graph(whole.edges, weight=1.0)
        held.add_edges_from(((_HUB, min(part)) for part in nx.connected_components(whole)), weight=0.08)
        found = nx.spring_layout(
            held, pos={**start, _HUB: (0.0, 0.0)}, fixed=[_HUB], iterations=rounds, k=2.0 / len(held) ** 0.5, seed=1
        )
        far = max(0.1, *(abs(float(c)) for node, place in found.items() if node != _HUB for c in place))
        places = {node: (float(x) / far, float(y) / far) for node, (x, y) in found.items() if node != _HUB}
    persons = sum(data["kind"] == "person" for data in graphs[0].nodes.values())
    return Net(graphs, places, persons)


def _without_crowds(graph: nx.Graph[str]) -> nx.Graph[str]:
    """Without the edges between compatriots: their circle joins them already."""
    graph.remove_edges_from([edge for edge, data in graph.edges.items() if data["kind"] == CO_NATIONAL])
    return graph


def _beside(node: str, graph: nx.Graph[str], known: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """A first place: near those it is tied to, or anywhere; the same for the same node every time."""
    digest = hashlib.blake2b(node.encode(), digest_size=4).digest()
    x, y = (int.from_bytes(digest[i : i + 2], "big") / 32768 - 1 for i in (0, 2))
    near = [known[other] for other in graph[node] if other in known]
    if not near:
        return x, y
    return sum(p[0] for p in near) / len(near) + x / 20, sum(p[1] for p in near) / len(near) + y / 20
