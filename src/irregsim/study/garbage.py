"""How often Python looks for garbage in our processes."""

from __future__ import annotations

import gc


def seldom_collected() -> None:
    """Lets Python look for garbage less often: a twentieth of the time of a comparison was looking.

    Modules and tables make many objects that stay, and few that only a search would find. For a program or a worker;
    a library leaves the caller's settings alone.
    """
    # Objects made, then rounds of each kind; Python's own are 700, 10 and 10.
    gc.set_threshold(50_000, 20, 20)
