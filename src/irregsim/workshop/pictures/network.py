"""The support network of a sample: persons, who provides for them, centres, employers and circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from irregsim.present.colours import COLOURS
from irregsim.vocabulary.codes import STRATEGIES
from irregsim.vocabulary.labels import label, labels
from irregsim.workshop.live.network import Net
from irregsim.workshop.pictures.svg import INK, PAPER, SIDES, SOFT, Picture, Svg, columns, shifted, whole, width_of
from irregsim.workshop.pictures.words import PictureWords, short

if TYPE_CHECKING:
    import networkx as nx

_WIDTH, _HEIGHT = 640.0, 620.0
_LEFT, _TOP, _WIDE, _HIGH = 34.0, 50.0, 572.0, 400.0

#: Colour and width of an edge by kind; those of a person's present way of getting by stand out.
_EDGES: Final = {
    "guest": (COLOURS["avhengig"], 2.4),
    "resident": (COLOURS["synlig"], 2.0),
    "worker": (COLOURS["arbeidende"], 2.4),
    "side_worker": (COLOURS["arbeidende"], 1.2),
    "family": (INK, 1.4),
}
_FAINT: Final = ("#C9C9C9", 0.8)


def draw_network(net: Net, words: PictureWords, followed: str = "") -> Picture:
    """Draws one side, or both side by side once they have parted.

    Args:
        net: The network and its places.
        words: Language and titles.
        followed: Sixteen digits of a person to mark.
    """
    sides = len(net.graphs)
    beside = columns(_WIDTH, _HEIGHT, sides, words.place)
    size = whole(_WIDTH, _HEIGHT, sides, beside, words.place)
    alt = words("alt_network", number=net.persons)
    svg = Svg(size.width, size.height, alt, words.place, scrolls=size.scrolls)
    for number, graph in enumerate(net.graphs):
        with svg.group(transform=shifted(svg, number, _WIDTH, _HEIGHT, beside), class_=SIDES[number]):
            svg.paragraph(_WIDTH / 2, 22, words.title(number), _WIDTH - 40, 16, most=1, anchor="middle", bold=True)
            _graph(svg, graph, net, words, followed)
            if number == 0:
                _legend(svg, words)
    return svg.done()


def _graph(svg: Svg, graph: nx.Graph[str], net: Net, words: PictureWords, followed: str) -> None:
    places = {node: _place(net, node) for node in graph if node in net.places}
    for (a, b), data in graph.edges.items():
        if a in places and b in places:
            colour, width = _EDGES.get(data["kind"], _FAINT)
            svg.line(*places[a], *places[b], colour, width, stroke_opacity=0.75)
    for node, data in graph.nodes(data=True):
        if node in places and graph.degree(node):
            _node(svg, node, data, places[node], words, followed)
    alone = [node for node, data in graph.nodes.items() if data["kind"] == "person" and not graph.degree(node)]
    if alone:
        y = _TOP + _HIGH + 42
        svg.text(_LEFT, y - 14, words("no_ties"), 12, colour=SOFT)
        for place, node in enumerate(sorted(alone, key=lambda n: (graph.nodes[n]["strategy"], n))):
            x = _LEFT + 8 + (place % 44) * 13
            _node(svg, node, graph.nodes[node], (x, y + (place // 44) * 14), words, followed)


def _place(net: Net, node: str) -> tuple[float, float]:
    x, y = net.places[node]
    return (
        _LEFT + _WIDE * (0.5 + 0.5 * max(-1.0, min(1.0, x))),
        _TOP + _HIGH * (0.5 + 0.5 * max(-1.0, min(1.0, y))),
    )


def _node(
    svg: Svg, node: str, data: dict[str, str], place: tuple[float, float], words: PictureWords, followed: str
) -> None:
    x, y = place
    hint = _hint(data, words)
    if data["kind"] == "person":
        if node == followed:
            svg.add("circle", cx=x, cy=y, r=10, fill="none", stroke=INK, stroke_width=2)
        svg.add("circle", hint=hint, cx=x, cy=y, r=5.2, fill=COLOURS[data["strategy"]], class_="person")
    elif data["kind"] == "centre":
        svg.add("rect", hint=hint, x=x - 8, y=y - 8, width=16, height=16, fill=PAPER, stroke=COLOURS["synlig"],
                stroke_width=2.6, class_="centre")  # fmt: skip
    elif data["kind"] == "employer":
        d = f"M{x:.1f} {y - 8:.1f}L{x + 8:.1f} {y:.1f}L{x:.1f} {y + 8:.1f}L{x - 8:.1f} {y:.1f}Z"
        svg.add("path", hint=hint, d=d, fill=PAPER, stroke=COLOURS["arbeidende"], stroke_width=2.4, class_="employer")
    elif data["kind"] == "host":
        svg.add("circle", hint=hint, cx=x, cy=y, r=4.6, fill=PAPER, stroke=COLOURS["avhengig"], stroke_width=2)
    else:
        svg.add("circle", hint=hint, cx=x, cy=y, r=2.6, fill="#8C8C8C")


def _hint(data: dict[str, str], words: PictureWords) -> str:
    city = label(f"city.{data['city']}", words.lang) if data["city"] != "other" else data["district"]
    kind = data["kind"]
    if kind == "person":
        return f"{label('strategy.' + data['strategy'], words.lang)}, {city}"
    told = {
        "host": f"substrategy.{data.get('type', '')}",
        "employer": f"sector.{data.get('sector', '')}",
    }.get(kind, "")
    name = label(told, words.lang) if told in labels() else data.get("name", "")
    return f"{words(f'node_{kind}')}{': ' + name if name else ''}, {city}"


def _legend(svg: Svg, words: PictureWords) -> None:
    """Names of colours and signs, in rows that are as long as the names are."""
    size = svg.sized(12)
    x, y = _LEFT, _HEIGHT - (60.0 if words.place is None else 92.0)
    told = [(code, short(code, words.lang)) for code in STRATEGIES]
    told += [(kind, words(f"node_{kind}")) for kind in ("host", "centre", "employer", "circle")]
    for sign, name in told:
        wide = 18 + width_of(name, size) * 1.06 + 14
        if x > _LEFT and x + wide > _WIDTH:
            x, y = _LEFT, y + size * 1.45
        if sign in STRATEGIES:
            svg.add("circle", cx=x, cy=y - size * 0.35, r=5.2, fill=COLOURS[sign])
        else:
            _node(svg, "", {"kind": sign, "city": "other", "district": ""}, (x, y - size * 0.35), words, "-")
        svg.text(x + 14, y, name, 12)
        x += wide
