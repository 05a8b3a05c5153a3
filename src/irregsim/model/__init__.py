"""The simulation as a Mesa model: the same lives, seen as agents. Mesa is loaded here and nowhere else."""

from __future__ import annotations

from irregsim.model.agents import Employer, GoneError, Host, Migrant, ReceptionCentre
from irregsim.model.shell import IrregularMigrationModel
from irregsim.model.stages import STAGES

__all__ = [
    "STAGES",
    "Employer",
    "GoneError",
    "Host",
    "IrregularMigrationModel",
    "Migrant",
    "ReceptionCentre",
]
