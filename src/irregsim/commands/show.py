"""`irregsim show`: numbers of a finished run or comparison as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from irregsim.commands.registry import COMPARISON, EXPLORATION, FIT, RUN, SENSITIVITY, found_entry
from irregsim.commands.request import WrongUse
from irregsim.present.numbers_of import Asked, NothingThere, comparison_text, run_text
from irregsim.storage.folder import FolderError, RunFolder
from irregsim.storage.paths import is_file

if TYPE_CHECKING:
    import pandas as pd

#: Tables of a comparison that are shown from.
_TABLES: Final = ("key_figures", "differences", "cities", "groups")


def shown(text: str, asked: Asked, *, show_levels: bool = False) -> str:
    """Numbers of a folder.

    Args:
        text: The folder, by path, name or id.
        asked: What to show.
        show_levels: Whether levels of the hidden population are shown, as intervals; of a run only.

    Raises:
        WrongUse: If there is no such folder, or nothing of what is asked in it; the message says what there is.
    """
    if faults := asked.faults():
        raise WrongUse("\n".join(faults))
    if show_levels and (asked.city or asked.group):
        raise WrongUse("--show-levels: levels are for the whole country only; leave out --city and --group")
    entry = found_entry(text)
    if entry.kind == FIT:
        raise WrongUse(f"{entry.name}: is a fit; its tables are on its page (irregsim runs open {entry.name})")
    if entry.kind == SENSITIVITY:
        raise WrongUse(f"{entry.name}: says what drives a comparison; irregsim sensitivity shows it again")
    if entry.kind == EXPLORATION:
        raise WrongUse(f"{entry.name}: is a study; irregsim explore shows it again")
    if entry.kind not in (RUN, COMPARISON):
        raise WrongUse(f"{entry.name}: {entry.fault or 'is not finished; run its command again'}")
    try:
        folder = RunFolder.open(entry.path)
        if entry.kind == RUN:
            if asked.scenarios:
                raise WrongUse("--scenario: is for comparisons; this is one run")
            return run_text(folder, asked, show_levels=show_levels)
        if show_levels:
            raise WrongUse("--show-levels: is for runs; give one of the runs of the comparison")
        missing = [name for name in _TABLES if not is_file(folder.table_path(name))]
        if missing:
            raise WrongUse(f"{entry.name}: {missing[0]}.parquet is missing; run its command again")
        return comparison_text({name: _text(folder.table(name)) for name in _TABLES}, folder.manifest, asked)
    except NothingThere as error:
        raise WrongUse(f"{entry.name}: {error}") from None
    except FolderError as error:
        raise WrongUse(str(error)) from None


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with text instead of categories, as the ones that were just made have it."""
    return frame.astype({str(name): object for name in frame.columns if frame[name].dtype == "category"})
