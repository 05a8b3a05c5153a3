"""Reads the rules of a contest as they are written: arrays of persons become expressions of one person.

What a rule computes from the month's values alone is kept as text and runs once a month, as written. What depends on
the persons at risk becomes a tree of operations on one person. The forms are a closed list (docs/performance.md);
anything else is refused by name, and the contest runs on numpy.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from irregsim.model import world as world_module
from irregsim.model.compiled.renaming import WORLD, Environment, Globals, OfWorld, Renamed, Value, constant_of, text_of
from irregsim.model.compiled.source import tree_of
from irregsim.model.compiled.tree import (
    FLAG,
    HAND_WRITTEN,
    HELD,
    OPERATORS,
    PERSON,
    REAL,
    WHOLE,
    Node,
    Person,
    Reading,
    Static,
    Table,
    Unreadable,
)
from irregsim.model.engine import Contest, Selection, lookup, tabulated
from irregsim.model.population import COLUMNS
from irregsim.model.world import Rows

#: Whole numbers from 0 that `tabulated` is worked out for: months since arrival and years of age stay below.
TABULATED: Final = 900

#: A helper that calls helpers that call helpers beyond this is taken to call itself.
_DEEPEST: Final = 30


def read(contest: Contest) -> Reading:
    """Reads all rules of a contest.

    Raises:
        Unreadable: At the first form that is not known, with the channel of its rule.
    """
    reader = Reader()
    for rule in contest.rules:
        try:
            reader.out.rules[rule.channel] = reader.rule(rule.hazard)
        except Unreadable as error:
            raise Unreadable(f"{rule.channel}: {error}") from None
    return reader.out


def read_options(part: Selection) -> tuple[Reading, int]:
    """Reads the utilities of a choice among options; its rules are the utility of each option, in their order.

    Returns:
        What was read, and how many flags of each person the utilities are given.

    Raises:
        Unreadable: At the first form that is not known.
    """
    reader = Reader()
    reader.out.rules, flags = reader.options(part)
    return reader.out, flags


def _paired(names: list[ast.expr], values: list[ast.expr]) -> bool:
    return len(names) == len(values) and all(isinstance(name, ast.Name) for name in names)


class Reader:
    """Reads rules that share one month's part.

    Attributes:
        out: What has been read so far.
    """

    def __init__(self) -> None:
        self.out = Reading()
        self._known: dict[object, Node] = {}
        self._attributes: dict[str, Value] = {}
        self._used: set[str] = set()
        self._depth = 0
        self._count = 0

    def rule(self, hazard: Callable[..., Any]) -> Node:
        """The hazard of one rule, of one person.

        Raises:
            Unreadable: At the first form that is not known.
        """
        return self._node(self._function(hazard, [PERSON, Static("at")], {}))

    def options(self, part: Selection) -> tuple[dict[str, Node], int]:
        """The utility of each option, of one person; and how many flags of the person it is given.

        Raises:
            Unreadable: At the first form that is not known.
        """
        function = part.utilities
        flags = len(tree_of(function).args.args) - 3
        given: list[Value] = [Node("given", value=k, kind=FLAG) for k in range(flags)]
        table = self._function(function, [PERSON, Static("at"), Static("offer"), *given], {})
        if not isinstance(table, Table) or len(table.rows) != len(part.options):
            raise Unreadable(f"{function.__name__} returns no table with a row for each option")
        return {option: table.rows[k] for k, option in enumerate(part.options)}, flags

    # -- functions and statements ----------------------------------------------------------------------------------

    def _function(self, function: Callable[..., Any], args: list[Value], named: Mapping[str, Value]) -> Value:
        tree = OfWorld().visit(copy.deepcopy(tree_of(function)))
        names = [a.arg for a in tree.args.args]
        if tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs or tree.args.posonlyargs:
            raise Unreadable(f"{function.__name__} takes arguments that are not plain")
        space = function.__globals__
        defaults = tree.args.defaults
        env: Environment = {
            name: self._expression(default, {}, space)
            for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True)
        }
        env |= dict(zip(names, args, strict=False)) | dict(named)
        if len(args) > len(names) or set(env) != set(names):
            raise Unreadable(f"{function.__name__} is called with other arguments than it takes")
        env[WORLD] = Static("world")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable(f"{function.__name__} calls itself")
        if isinstance(tree, ast.Lambda):
            value: Value | None = self._expression(tree.body, env, space)
        else:
            value = self._body(tree.body, env, space, inside_if=False)
        self._depth -= 1
        if value is None:
            raise Unreadable(f"{function.__name__} returns nothing")
        return value

    def _body(self, statements: list[ast.stmt], env: Environment, space: Globals, inside_if: bool) -> Value | None:
        for k, statement in enumerate(statements):
            match statement:
                case ast.Expr(value=ast.Constant()):  # a docstring
                    continue
                case ast.Return(value=ast.expr() as value):
                    return self._expression(value, env, space)
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if _paired(
                    names, values
                ):
                    found = [self._bound(self._expression(value, env, space)) for value in values]
                    env |= {text_of(name): value for name, value in zip(names, found, strict=True)}
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.Tuple() as shape, fill])):
                    env[name] = self._table(statement.value, shape, fill, env, space)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    env[name] = self._bound(self._expression(value, env, space))
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name)) as target], value=value):
                    self._write(name, target, value, env, space, inside_if)
                case ast.If():
                    done = self._if(statement, statements[k + 1 :], env, space)
                    if done is not None:
                        return done
                case _:
                    raise Unreadable(f"the statement `{text_of(statement)}` is not a form that can be read")
        return None

    def _write(
        self, name: str, target: ast.Subscript, value: ast.expr, env: Environment, space: Globals, inside_if: bool
    ) -> None:
        """A table of the month that is written in place: ``table[code] = value``."""
        held = env.get(name)
        if isinstance(held, Table) and not inside_if:
            filled = self._node(self._expression(value, env, space))
            held.rows.update(dict.fromkeys(self._codes(target.slice, env, space), filled))
            return
        if inside_if or not isinstance(held, Static) or held.text in self._used:
            raise Unreadable(f"`{text_of(target)} = ...` writes into an array that is in use")
        written = copy.copy(target)
        written.value = ast.Name(name, ast.Load())
        self.out.month.append(f"{self._static(written, env, space).text} = {self._need_static(value, env, space)}")

    def _table(
        self, text: ast.expr, shape: ast.Tuple, fill: ast.expr, env: Environment, space: Globals
    ) -> Table | Static:
        """``np.full((options, len(who)), fill)``, filled row by row later on; or a table of the month."""
        if self._is_static(text, env):
            return Static(self._named("m", self._static(text, env, space).text))
        match text, shape:
            case (
                ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="full")),
                ast.Tuple(elts=[count, ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=of)])]),
            ) if env.get(of) is PERSON:
                (options,) = self._codes(count, env, space)
                return Table(dict.fromkeys(range(options), self._node(self._expression(fill, env, space))))
        raise Unreadable(f"`{text_of(text)}` is not a form that can be read")

    def _codes(self, node: ast.expr, env: Environment, space: Globals) -> list[int]:
        """Whole numbers that are the same in every month: one, or a list."""
        text = self._need_static(node, env, space)
        used = {n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)}
        if not used <= self.out.names.keys():
            raise Unreadable(f"`{text_of(node)}` is not the same in every month")
        return [int(code) for code in np.atleast_1d(eval(text, dict(self.out.names)))]

    def _if(self, statement: ast.If, rest: list[ast.stmt], env: Environment, space: Globals) -> Value | None:
        """An ``if`` on the month's values; both sides are worked out, and the month says which one counts."""
        test = self._expression(statement.test, env, space)
        if not isinstance(test, Static):
            raise Unreadable(f"`if {text_of(statement.test)}` asks a person: write np.where")
        then, otherwise = dict(env), dict(env)
        first = self._body(statement.body, then, space, inside_if=True)
        if first is not None:
            second = self._body([*statement.orelse, *rest], otherwise, space, inside_if=True)
            if second is None:
                raise Unreadable(f"`if {text_of(statement.test)}` returns on one side only")
            return self._either(test, first, second)
        if self._body(statement.orelse, otherwise, space, inside_if=True) is not None:
            raise Unreadable(f"`if {text_of(statement.test)}` returns in its else")
        for name in then.keys() & otherwise.keys():
            if then[name] is not otherwise[name]:
                env[name] = self._either(test, then[name], otherwise[name])
        return None

    def _either(self, test: Static, first: Value, second: Value) -> Value:
        if isinstance(first, Static) and isinstance(second, Static):
            return self._bound(Static(f"({first.text}) if ({test.text}) else ({second.text})"))
        return self._where(self._node(test), self._node(first), self._node(second))

    def _bound(self, value: Value) -> Value:
        """A value under a name: what the month decides is worked out there, once."""
        if not isinstance(value, Static) or value.text.isidentifier():
            return value
        return Static(self._named("m", value.text))

    def _named(self, stem: str, text: str) -> str:
        self._count += 1
        self.out.month.append(f"{stem}_{self._count} = {text}")
        return f"{stem}_{self._count}"

    # -- what the month alone decides ------------------------------------------------------------------------------

    def _need_static(self, node: ast.expr, env: Environment, space: Globals) -> str:
        value = self._expression(node, env, space)
        if not isinstance(value, Static):
            raise Unreadable(f"`{text_of(node)}` depends on the person")
        return value.text

    def _is_static(self, node: ast.expr, env: Environment) -> bool:
        inner = {a.arg for n in ast.walk(node) if isinstance(n, ast.Lambda) for a in n.args.args}
        return all(
            isinstance(env[n.id], Static)
            for n in ast.walk(node)
            if isinstance(n, ast.Name) and n.id in env and n.id not in inner
        )

    def _static(self, node: ast.expr, env: Environment, space: Globals) -> Static:
        renamed = Renamed(env, space, self.out.names).visit(copy.deepcopy(node))
        return Static(ast.unparse(ast.fix_missing_locations(renamed)))

    def _node(self, value: Value, flag: bool = False) -> Node:
        """A value of one person; a number of the month is passed in as a scalar.

        Args:
            value: What was read.
            flag: Whether it must be a flag, since the operator means something else for numbers.
        """
        if isinstance(value, (Person, Table)):
            raise Unreadable("a person is no number, and neither is a table of options")
        if isinstance(value, Node):
            return value
        if value.text == "world.month":
            return self._shared("month", Node("month", kind=WHOLE))
        constant = constant_of(value.text, self.out.names)
        if constant is not None:
            kind = FLAG if isinstance(constant, bool) else WHOLE if isinstance(constant, int) else REAL
            return self._shared(("constant", repr(constant)), Node("constant", value=constant, kind=kind))
        key = ("scalar", value.text, flag)
        if key not in self._known:
            self.out.scalars.append(self._named("s", value.text))
            number = len(self.out.scalars) - 1
            if flag:
                self.out.flags.add(number)
            self._known[key] = Node("scalar", value=number, kind=FLAG if flag else REAL)
        return self._known[key]

    def _shared(self, key: object, node: Node) -> Node:
        return self._known.setdefault(key, node)

    # -- expressions -----------------------------------------------------------------------------------------------

    def _expression(self, node: ast.expr, env: Environment, space: Globals) -> Value:
        if isinstance(node, ast.Name) and node.id in env:
            return env[node.id]
        if self._is_static(node, env):
            return self._static(node, env, space)
        match node:
            case ast.Attribute(value=owner, attr=name):
                if self._expression(owner, env, space) is PERSON:
                    return self._attribute(name)
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return self._not(self._node(self._expression(operand, env, space), flag=True), node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self._number(self._node(self._expression(operand, env, space)))
                return self._op("negative", (value,), WHOLE if value.kind == WHOLE else REAL)
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr() as op, left=left, right=right):
                pair = [self._flag(self._node(self._expression(x, env, space), flag=True), x) for x in (left, right)]
                return self._op("and" if isinstance(op, ast.BitAnd) else "or", tuple(pair), FLAG)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
                return self._arithmetic(
                    OPERATORS[type(op)],
                    self._node(self._expression(left, env, space)),
                    self._node(self._expression(right, env, space)),
                    node,
                )
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
                pair = [self._node(self._expression(x, env, space)) for x in (left, right)]
                return self._op(OPERATORS[type(op)], tuple(pair), FLAG)
            case ast.Subscript(value=table, slice=index) if not isinstance(index, (ast.Slice, ast.Tuple)):
                return self._index(
                    Static(self._need_static(table, env, space)), [self._node(self._expression(index, env, space))]
                )
            case ast.Call():
                return self._call(node, env, space)
        raise Unreadable(f"`{text_of(node)}` is not a form that can be read")

    def _op(self, op: str, args: tuple[Node, ...], kind: str, value: object = None) -> Node:
        key = (op, tuple(id(a) for a in args), value)
        return self._shared(key, Node(op, args, value, kind))

    def _arithmetic(self, op: str, left: Node, right: Node, text: ast.expr) -> Node:
        if {left.kind, right.kind} <= {FLAG, HELD}:
            # numpy adds and multiplies flags as truth values, so it must be known what they are.
            if left.kind == right.kind == FLAG:
                raise Unreadable(f"`{text_of(text)}` calculates with two flags: use & and |")
            left, right = self._number(left), self._number(right)
        whole = op in ("+", "-", "*", "//") and {left.kind, right.kind} <= {FLAG, WHOLE}
        if op == "//" and not (right.op == "constant" and right.value > 0):
            raise Unreadable(f"`{text_of(text)}` divides by what is no constant above 0")
        return self._op(op, (left, right), WHOLE if whole else REAL)

    def _number(self, node: Node) -> Node:
        return self._must(node, REAL)

    def _flag(self, node: Node, text: ast.expr) -> Node:
        if node.kind == HELD:
            return self._must(node, FLAG)
        if node.kind != FLAG:
            raise Unreadable(f"`{text_of(text)}` is no flag")
        return node

    def _not(self, node: Node, text: ast.expr) -> Node:
        return self._op("not", (self._flag(node, text),), FLAG)

    def _must(self, node: Node, kind: str) -> Node:
        """Notes what a table must hold for an operator to mean what was read."""
        if node.kind == HELD:
            key = ("made" if node.op == "index" else "raw", node.value)
            if self.out.holds.setdefault(key, kind) != kind:
                raise Unreadable("one table is read both as flags and as numbers")
        return node

    def _where(self, test: Node, first: Node, second: Node) -> Node:
        kinds = {first.kind, second.kind}
        kind = first.kind if len(kinds) == 1 and HELD not in kinds else REAL
        return self._op("where", (test, first, second), kind)

    def _index(self, table: Static, indices: list[Node]) -> Node:
        """An entry of a table, at one index or one per axis."""
        self._used.add(table.text)
        parts = table.text.split(".")
        if len(indices) == 1 and parts[0] == "world" and all(p.isidentifier() for p in parts):
            return self._op("raw_index", tuple(indices), HELD, self._raw(table.text))
        key = ("made", table.text)
        if key not in self._known:
            self.out.made.append(self._named("t", table.text))
            self._known[key] = Node("constant", value=len(self.out.made) - 1, kind=WHOLE)
        return self._op("index", tuple(indices), HELD, self._known[key].value)

    def _raw(self, text: str) -> int:
        if text not in self.out.raw:
            self.out.raw.append(text)
        return self.out.raw.index(text)

    # -- calls and attributes --------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, env: Environment, space: Globals) -> Value:
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            raise Unreadable(f"`{text_of(node)}` unpacks its arguments")
        match node.func:
            case ast.Attribute(value=ast.Name(id="np"), attr=name) if space.get("np") is np and not node.keywords:
                return self._numpy(name, node, env, space)
            case ast.Attribute(value=owner, attr=name) if not node.keywords:
                return self._method(self._expression(owner, env, space), name, node, env, space)
            case ast.Name(id=name) if name not in env and name in space:
                function = space[name]
                if function is lookup and not node.keywords:
                    codes = [self._node(self._expression(a, env, space)) for a in node.args[1:]]
                    return self._index(Static(self._need_static(node.args[0], env, space)), codes)
                if function is tabulated and not node.keywords:
                    inner = self._need_static(node.args[0], env, space)
                    months = self._node(self._expression(node.args[1], env, space))
                    return self._index(Static(f"({inner})(whole_numbers)"), [months])
                args = [self._expression(a, env, space) for a in node.args]
                named = {str(k.arg): self._expression(k.value, env, space) for k in node.keywords}
                return self._function(function, args, named)
        raise Unreadable(f"`{text_of(node)}` is not a call that can be read")

    def _numpy(self, name: str, node: ast.Call, env: Environment, space: Globals) -> Value:
        if name == "full" and len(node.args) == 2:  # its first argument is only how many persons there are
            return self._expression(node.args[1], env, space)
        args = [self._expression(a, env, space) for a in node.args]
        match name, len(args):
            case "asarray", 1:
                return args[0]
            case "where", 3:
                return self._where(*(self._node(a) for a in args))
            case (("minimum" | "maximum"), 2):
                pair = tuple(self._number(self._node(a)) for a in args)
                return self._op(name, pair, WHOLE if all(x.kind == WHOLE for x in pair) else REAL)
            case (("exp" | "log"), 1):
                return self._op(name, (self._node(args[0]),), REAL)
            case "clip", 3:
                value, low, high = (self._number(self._node(a)) for a in args)
                return self._op("minimum", (self._op("maximum", (value, low), REAL), high), REAL)
        raise Unreadable(f"np.{name} with {len(args)} arguments is not a call that can be read")

    def _method(self, owner: Value, name: str, node: ast.Call, env: Environment, space: Globals) -> Value:
        args = [self._expression(a, env, space) for a in node.args]
        if isinstance(owner, Person):
            method = vars(Rows).get(name)
            if method is None:
                raise Unreadable(f"persons have no method {name}")
            return self._function(method, [PERSON, *args], {})
        if isinstance(owner, Static) and name == "take" and len(args) == 1:
            return self._index(owner, [self._node(args[0])])
        to_whole = name == "astype" and [text_of(a) for a in node.args] == ["np.int64"]
        if isinstance(owner, Node) and to_whole and owner.kind in (FLAG, WHOLE):
            one, none = self._node(Static("1")), self._node(Static("0"))
            return owner if owner.kind == WHOLE else self._op("where", (owner, one, none), WHOLE)
        raise Unreadable(f"`{text_of(node)}` is not a call that can be read")

    def _attribute(self, name: str) -> Value:
        """A column of the population, or what is derived from columns for a person."""
        if name not in self._attributes:
            self._attributes[name] = self._read_attribute(name)
        return self._attributes[name]

    def _read_attribute(self, name: str) -> Value:
        if name in COLUMNS:
            if COLUMNS[name] is np.uint64:
                raise Unreadable(f"{name} names a person and is no number")
            return Node("column", value=name, kind=FLAG if COLUMNS[name] is np.bool_ else WHOLE)
        if name in HAND_WRITTEN:
            form = HAND_WRITTEN[name]
            args = [self._node(self._attribute(attribute)) for attribute in form.reads]
            args += [self._node(Static(text)) for text in form.scalars]
            return Node("hand_written", tuple(args), (name, *(self._raw(text) for text in form.arrays)), form.kind)
        maker = world_module._DERIVED.get(name)
        if maker is None:
            raise Unreadable(f"a person has no {name}")
        value = self._node(self._function(maker, [PERSON, Static("world")], {}))
        return value
