"""Hashes of text, files and of the package itself, and JSON with one layout for equal content."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

#: The package as it is installed.
_PACKAGE = Path(__file__).resolve().parents[1]

#: Parts of a syntax tree that change nothing a program does, or differ between versions of Python.
_SILENT_FIELDS = ("ctx", "kind", "type_comment")


def canonical_json(value: object) -> str:
    """JSON text that is the same for equal content: sorted keys, no blanks, no NaN."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sha256_of_text(text: str) -> str:
    """Hexadecimal SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json(path: Path, value: object) -> None:
    """Write readable JSON with a fixed layout."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def digest(contents: Mapping[str, bytes]) -> str:
    """SHA-256 over names and bytes of files, in the order of the names.

    Lengths are hashed too, so that no byte can move from one file to the next unseen.

    Args:
        contents: Bytes of each file by its name.

    Returns:
        64 hexadecimal digits.
    """
    sha = hashlib.sha256()
    for name in sorted(contents):
        data = contents[name]
        sha.update(f"{name}\0{len(data)}\0".encode())
        sha.update(data)
    return sha.hexdigest()


def code_digest(names: Iterable[str], package: Path = _PACKAGE) -> str:
    """Hash over what some Python files of the package do, without comments, layout and docstrings.

    The same on every version of Python that reads the files.

    Args:
        names: Folders, with all files below them, and single files, as paths from the package.
        package: Folder of the package.

    Returns:
        64 hexadecimal digits.

    Raises:
        FileNotFoundError: If there is nothing of that name.
    """
    contents = {}
    for name in names:
        place = package / name
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        if not files:
            raise FileNotFoundError(f"{place}: holds no Python file")
        for file in files:
            contents[file.relative_to(package).as_posix()] = _meaning(file.read_text(encoding="utf-8"))
    return digest(contents)


def data_digest(names: Iterable[str], package: Path = _PACKAGE) -> str:
    """Hash over files of the package's data.

    Args:
        names: Files below ``data/``.
        package: Folder of the package.

    Returns:
        64 hexadecimal digits.
    """
    return digest({name: (package / "data" / name).read_bytes() for name in names})


def _meaning(source: str) -> bytes:
    """A Python file as the words of its syntax tree, without docstrings."""
    words: list[str] = []

    def visit(node: object) -> None:
        if isinstance(node, ast.AST):
            words.append(type(node).__name__)
            for field in node._fields:
                value = getattr(node, field, None)
                if field == "body" and isinstance(value, list) and _is_text(value):
                    value = value[1:]
                if value is None or value == [] or field in _SILENT_FIELDS:
                    continue  # fields that newer versions of Python add are empty here
                words.append(field)
                visit(value)
            words.append(")")
        elif isinstance(node, list):
            for part in node:
                visit(part)
            words.append("]")
        else:
            words.append(repr(node))

    visit(ast.parse(source))
    return "\n".join(words).encode()


def _is_text(body: list[ast.stmt]) -> bool:
    """Whether a body begins with a docstring."""
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
