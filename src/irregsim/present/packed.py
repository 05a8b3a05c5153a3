"""Office files with the same bytes every time: libraries write the hour into the archives that these files are."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Final

#: Date in the properties of every office file; a run has no time of its own.
DATE: Final = datetime.datetime(2021, 5, 1)


def without_time(path: Path) -> None:
    """Writes an archive again, its parts in the same order and all with one date.

    Args:
        path: A file that is a zip archive.
    """
    with zipfile.ZipFile(path) as archive:
        parts = [(one.filename, archive.read(one)) for one in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name, DATE.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
