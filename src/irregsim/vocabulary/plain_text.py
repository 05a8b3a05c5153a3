"""Text that can only be read: a terminal does not act on it. Only the standard library is imported here."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Characters that a terminal may act on, or that turn the direction of what follows: controls, formats, half characters
#: and separators of lines. A line end and a tab stay.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """Text for a terminal: what could do anything but be read is a question mark."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("?" if is_unseen(letter) and letter not in "\n\t" else letter for letter in text)


def is_unseen(letter: str) -> bool:
    """Whether a character is not seen but acts: a control, a turn of direction, a line separator."""
    return unicodedata.category(letter) in _UNSEEN
