"""Licences of installed packages, compared with those that go with this program's own (Apache-2.0)."""

from __future__ import annotations

import re
from importlib.metadata import Distribution
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from email.message import Message

#: Licences that a package may have, as SPDX names them. All let it be used together with a program under Apache-2.0;
#: MPL-2.0 asks that changed files of the package itself stay open, and nothing of who uses it.
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)

#: What packages write that do not say it as SPDX does. "BSD" names no number of clauses; either may be.
_WRITTEN = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "zlib license": "Zlib",
}


def licence_of(package: Distribution) -> str:
    """What an installed package says of its licence, as an SPDX expression where that can be told; empty if nothing.

    Its expression comes first, then its classifiers, then the first line of its free text.
    """
    told = cast("Message", package.metadata)  # which every installed package's metadata is
    expression = told.get("License-Expression")
    if expression:
        return expression.strip()
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith(":: OSI Approved")
    ]
    if classified:
        return " AND ".join(_WRITTEN.get(one.lower(), one) for one in classified)
    text = (told.get("License") or "").strip().split("\n")[0].strip()
    return _WRITTEN.get(text.lower(), text)


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves a way to use the package: all parts of one alternative are allowed.

    An expression with brackets inside brackets is refused, as is one that cannot be read.
    """
    found = re.sub(r"\(([^()]*)\)", lambda inner: "Unlicense" if is_allowed(inner[1]) else "?", expression)
    alternatives = re.split(r"\s+OR\s+", found.strip())
    return any(all(part.strip() in ALLOWED for part in re.split(r"\s+AND\s+", one)) for one in alternatives)
