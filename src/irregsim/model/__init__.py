"""The simulation as a Mesa model: the same lives, seen as agents. Beside it only the page loads Mesa."""

from __future__ import annotations

from irregsim.model.agents import Employer, GoneError, Host, Migrant, ReceptionCentre
from irregsim.model.paired import Beginnings, PairedModel
from irregsim.model.shell import IrregularMigrationModel
from irregsim.model.stages import STAGES

__all__ = [
    "STAGES",
    "Beginnings",
    "Employer",
    "GoneError",
    "Host",
    "IrregularMigrationModel",
    "Migrant",
    "PairedModel",
    "ReceptionCentre",
]
