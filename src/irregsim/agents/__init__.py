"""The simulation as a Mesa model: the same lives, seen as agents. Apart from it, only the page loads Mesa."""

from __future__ import annotations

from irregsim.agents.agents import Employer, GoneError, Host, Migrant, ReceptionCentre
from irregsim.agents.mesa_model import IrregularMigrationModel
from irregsim.agents.paired import Beginnings, PairedModel
from irregsim.agents.stages import STAGES

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
