"""Writes what a reader made of a contest: the kernel of a person's part, and the function of the month's part."""

from __future__ import annotations

import ast
import math
from typing import Final

from irregsim.model.compiled.tree import ARITHMETIC, COMPARISONS, FLAG, WHOLE, Node, Reading
from irregsim.model.population import BLOCKS

_HEAD: Final = '''"""Made by irregsim from the rules of {contest}; made again where it is missing."""

import math

import numpy as np

from irregsim.model.compiled.loops import bits, compiled, in_congregation, knows_worker, perceived_risk

# Shared loops: {shared}
'''
_CONTEST: Final = (
    _HEAD
    + """


@compiled
def kernel(I, B, keys, rows, found, hits, count, group, salts, S, T, O, month, bound, threshold, code, report{raw}):
    won = 0
    for q in range(count):
        j = found[q]
        i = np.uint64(rows[j])
        g = group[j]
        hit = hits[q]
        key = keys[i]
        best = 1.0
{rules}
        if best < 1.0:
            found[won] = j
            won += 1
    return -1, won
"""
)
_RULE: Final = """        if hit & np.uint64({bit}):  # {channel}
{lines}
            h = {hazard}
            if not h <= bound[{number}, g]:
                report[0] = h
                report[1] = bound[{number}, g]
                return rows[j] * {rules} + {number}, 0
            u = float(bits(key ^ salts[{number}])) * 2.0**-53
            if u < h:
                clock = -math.log1p(-u) / h
                if clock < best:
                    best = clock
                    code[j] = {number}
"""
_CHOICE: Final = (
    _HEAD
    + """

@compiled
def kernel(I, B, keys, rows, G, salts, S, T, O, month, code{raw}):
    for j in range(len(rows)):
        i = np.uint64(rows[j])
        key = keys[i]
{lines}
        top = max({highest})
        best = math.inf
        code[j] = 0
{options}
    return -1
"""
)
#: The lowest ``-log(u) / weight`` is the highest random utility (`chance.choose`). ``1 - u`` is below ``-log(u)``
#: and no weight is above 1, so most options need no exponential and few a logarithm.
_OPTION: Final = """        if x{number} > -math.inf:
            u = float(bits(key ^ salts[{number}])) * 2.0**-53
            if 1.0 - u < best:
                c = -math.log(u) / math.exp(x{number} - top)
                if c < best:
                    best = c
                    code[j] = {number}
"""


def positions() -> dict[str, tuple[str, int]]:
    """Array of the kernel and position in it of each column, by name."""
    letters = dict(zip(BLOCKS, ("I", "B", "K"), strict=True))
    return {name: (letters[kind], k) for kind, names in BLOCKS.items() for k, name in enumerate(names)}


def kernel_text(contest: str, reading: Reading, shared: str) -> str:
    """The module with the kernel of a contest.

    Args:
        contest: Its name.
        reading: Its rules as read.
        shared: Identity of the shared loops, since they become part of the kernel.
    """
    rules = []
    for number, (channel, hazard) in enumerate(reading.rules.items()):
        writer = _Writer(12, f"r{number}_")
        value = writer.number(hazard)
        rules.append(
            _RULE.format(
                bit=1 << number,
                channel=channel,
                number=number,
                rules=len(reading.rules),
                lines="\n".join(writer.lines),
                hazard=f"float({value})",
            ).replace("\n\n", "\n")
        )
    raw = "".join(f", A{k}" for k in range(len(reading.raw)))
    return _CONTEST.format(contest=contest, raw=raw, rules="\n".join(rules).rstrip("\n"), shared=shared)


def options_text(part: str, reading: Reading, shared: str) -> str:
    """The module with the kernel of a choice among options.

    Args:
        part: Its name.
        reading: The utility of each option as read.
        shared: Identity of the shared loops, since they become part of the kernel.
    """
    writer = _Writer(8, "v")
    for node in _hand_written(tuple(reading.rules.values())):
        writer.number(node)  # before any branch, since several options read them
    utilities = []
    for number, (option, utility) in enumerate(reading.rules.items()):
        value = writer.number(utility)
        writer.lines.append(f"        x{number} = float({value})  # {option}")
        utilities.append(f"x{number}")
    options = "".join(_OPTION.format(number=number) for number in range(len(utilities))).rstrip("\n")
    raw = "".join(f", A{k}" for k in range(len(reading.raw)))
    lines = "\n".join(writer.lines)
    highest = ", ".join(utilities)
    return _CHOICE.format(contest=part, raw=raw, lines=lines, highest=highest, options=options, shared=shared)


def _hand_written(nodes: tuple[Node, ...], seen: dict[Node, None] | None = None) -> dict[Node, None]:
    """Nodes among some and what they are made of whose form is written by hand, each once."""
    seen = {} if seen is None else seen
    for node in nodes:
        _hand_written(node.args, seen)
        if node.op == "hand_written":
            seen[node] = None
    return seen


def month_text(reading: Reading, more: tuple[str, ...] = ()) -> str:
    """The function of what depends on the month alone: its scalars, tables and arrays of the world.

    Args:
        reading: A part as read.
        more: Names of further arguments of the function.
    """
    lines = [
        f"def month({', '.join(('at', 'world', 'whole_numbers', *more))}):",
        *(f"    {_kept(number, line, reading)}" for number, line in enumerate(reading.month)),
    ]
    parts = (reading.scalars, reading.made, reading.raw)
    lines.append("    return " + ", ".join("(" + "".join(f"{name}, " for name in part) + ")" for part in parts))
    return "\n".join(lines) + "\n"


def _kept(number: int, line: str, reading: Reading) -> str:
    """A statement that tabulates a function: its table is kept while the values that it reads stay the same."""
    if not line.endswith("(whole_numbers)"):
        return line
    statement = ast.parse(line).body[0]
    assert isinstance(statement, ast.Assign)
    value = statement.value
    nodes = list(ast.walk(value))
    reads = [n for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "at"]
    own = [argument.arg for n in nodes if isinstance(n, ast.Lambda) for argument in n.args.args]
    names = [n.id for n in nodes if isinstance(n, ast.Name)]
    # What else it reads, such as the world or another statement's value, is not compared: then it is made every month.
    if names.count("at") > len(reads) or not set(names) <= {"at", "whole_numbers", *own, *reading.names}:
        return line
    by = "".join(f"{name}, " for name in sorted(set(map(ast.unparse, reads))))
    return f"{ast.unparse(statement.targets[0])} = kept({number}, ({by}), lambda: {ast.unparse(value)})"


def _is_dear(node: Node) -> bool:
    """Whether a node takes so long that it pays to ask first whether it counts."""
    return node.op in ("**", "exp", "log", "hand_written") or any(map(_is_dear, node.args))


class _Writer:
    """Statements that work out one node after the other, each once."""

    _columns = positions()

    def __init__(self, indent: int, stem: str) -> None:
        self.lines: list[str] = []
        self._indent, self._stem = indent, stem
        self._done: dict[Node, str] = {}
        self._count = 0

    def _value(self, node: Node) -> str:
        if node not in self._done:
            if node.op in ("constant", "scalar", "month"):
                self._done[node] = self._text(node)
            elif node.op == "where" and (node.args[0].op == "scalar" or any(map(_is_dear, node.args[1:]))):
                self._done[node] = self._branch(node)
            else:
                text = self._text(node)
                self._done[node] = self._name()
                self._say(f"{self._done[node]} = {text}")
        return self._done[node]

    def _branch(self, node: Node) -> str:
        """Two sides of which only the one that counts is worked out, for each person."""
        test, first, second = node.args
        name, done = self._name(), self._done
        self._say(f"{name} = 0.0" if node.kind != FLAG else f"{name} = False")
        for line, side in ((f"if {self._flag(test)}:", first), ("else:", second)):
            self._say(line)
            self._indent += 4
            self._done = dict(done)
            self._say(f"{name} = {self._flag(side) if node.kind == FLAG else f'float({self.number(side)})'}")
            self._indent -= 4
        self._done = done
        return name

    def _name(self) -> str:
        self._count += 1
        return f"{self._stem}{self._count}"

    def _say(self, line: str) -> None:
        self.lines.append(" " * self._indent + line)

    def number(self, node: Node) -> str:
        """A node as a number."""
        value = self._value(node)
        return f"(1.0 if {value} else 0.0)" if node.kind == FLAG and node.op != "scalar" else value

    def _flag(self, node: Node) -> str:
        value = self._value(node)
        return value if node.kind == FLAG and node.op != "scalar" else f"({value} != 0)"

    def _whole(self, node: Node) -> str:
        if node.kind == FLAG:
            return f"(1 if {self._flag(node)} else 0)"
        value = self._value(node)
        return value if node.kind == WHOLE and node.op in ("constant", "column", "month") else f"int({value})"

    def _text(self, node: Node) -> str:
        a: tuple[Node, ...] = node.args
        match node.op:
            case "constant":
                assert isinstance(node.value, bool) or math.isfinite(node.value)
                return repr(node.value)
            case "scalar":
                return f"S[{node.value}]"
            case "month":
                return "month"
            case "column":
                array, row = self._columns[node.value]
                return f"{array}[{row}, i]"
            case "given":
                return f"G[{node.value}, j]"
            case "hand_written":
                name, *arrays = node.value
                values = [self._flag(x) if x.kind == FLAG else self._value(x) for x in a]
                return f"{name}({', '.join([*values, *(f'A{k}' for k in arrays)])})"
            case "index":
                return f"T[O[{node.value}, 0] + {self._place(node)}]"
            case "raw_index":
                return f"(A{node.value}[{self._whole(a[0])}] * 1.0)"  # of a flag too, 1 or 0
            case "and" | "or":
                return f"({self._flag(a[0])} {node.op} {self._flag(a[1])})"
            case "not":
                return f"(not {self._flag(a[0])})"
            case "negative":
                return f"(-{self.number(a[0])})"
            case "where" if node.kind == FLAG:
                return f"({self._flag(a[1])} if {self._flag(a[0])} else {self._flag(a[2])})"
            case "where":
                return f"({self.number(a[1])} if {self._flag(a[0])} else {self.number(a[2])})"
            case "minimum" | "maximum":
                return f"{node.op[:3]}({self.number(a[0])}, {self.number(a[1])})"
            case "exp" | "log":
                return f"math.{node.op}({self.number(a[0])})"
            case op if op in ARITHMETIC or op in COMPARISONS:
                return f"({self.number(a[0])} {op} {self.number(a[1])})"
        raise AssertionError(f"no such operation: {node.op}")

    def _place(self, node: Node) -> str:
        table, first = node.value, self._whole(node.args[0])
        if len(node.args) == 1:
            return f"({first} if {first} >= 0 else {first} + O[{table}, 1])"
        flat = first
        for axis, index in enumerate(node.args[1:], 2):
            flat = f"({flat}) * O[{table}, {axis}] + {self._whole(index)}"
        return flat
