"""irregsim: simulates how persons without legal stay in Norway get by, and what policy changes.

What can be used from Python is named here and nothing more; everything is imported when it is first asked
for, so that ``import irregsim`` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from irregsim.agents import IrregularMigrationModel
    from irregsim.commands.compare import compare
    from irregsim.commands.explore import explore
    from irregsim.commands.in_memory import run
    from irregsim.scenario import load_scenario

__version__ = "1.0.0rc1"

__all__ = ["IrregularMigrationModel", "__version__", "compare", "explore", "load_scenario", "run"]

_HOMES = {
    "compare": "irregsim.commands.compare",
    "explore": "irregsim.commands.explore",
    "load_scenario": "irregsim.scenario",
    "run": "irregsim.commands.in_memory",
    "IrregularMigrationModel": "irregsim.agents",
}


if not TYPE_CHECKING:  # to a type checker every name would be one of ours

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'irregsim' has no attribute {name!r}")
        import importlib

        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
