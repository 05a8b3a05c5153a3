"""The hazards of a contest as a tape of operations, from which `loops.bounds` works out how high they can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irregsim.model.compiled.loops import OPERATIONS
from irregsim.model.compiled.ranges import NAMES
from irregsim.model.compiled.tree import HAND_WRITTEN, Node, Reading

_CODE = {name: code for code, name in enumerate(OPERATIONS)}


@dataclass(frozen=True)
class Tape:
    """Operations in an order in which arguments come first.

    Attributes:
        nodes: Operation, up to three arguments (-1 for none) and a number, such as that of a table; shape (nodes, 5).
        numbers: Constant of each node, 0 where it has none, shape (nodes,).
        results: Node of each rule's hazard, shape (rules,).
        needs_limits: Whether something that is written by hand is read.
    """

    nodes: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.float64]
    results: npt.NDArray[np.int64]
    needs_limits: bool


def tape_of(reading: Reading) -> Tape:
    """The tape of the rules of a contest."""
    place: dict[Node, int] = {}
    nodes: list[tuple[int, int, int, int, int]] = []
    numbers: list[float] = []

    def add(node: Node) -> int:
        if node in place:
            return place[node]
        op, value, args = node.op, -1, [add(a) for a in node.args]
        match op:
            case "column":
                op, value = "range", NAMES.index(node.value)
            case "hand_written":
                # Whatever it reads, its limit is known.
                op, value, args = "limit", list(HAND_WRITTEN).index(node.value[0]), []
            case "scalar" | "index" | "raw_index":
                value = node.value
        first, second, third = [*args, -1, -1, -1][:3]
        nodes.append((_CODE[op], first, second, third, value))
        numbers.append(float(node.value) if op == "constant" else 0.0)
        place[node] = len(nodes) - 1
        return place[node]

    results = [add(hazard) for hazard in reading.rules.values()]
    needs_limits = any(op == _CODE["limit"] for op, *_ in nodes)
    return Tape(np.array(nodes, dtype=np.int64), np.array(numbers), np.array(results, dtype=np.int64), needs_limits)
