"""What agencies would have counted (docs/odd.md): one file per agency table.

Each register reads the history of the latent population and returns yearly counts as its agency would have published
them: with its own scope, delay, cut-off and dispersion. Randomness of the observation has channels of its own, so a
register never changes a life.
"""

from irregsim.model.registers.base import Count, Observer, Register, Scope
from irregsim.model.registers.duty_to_leave import DUTY_TO_LEAVE
from irregsim.model.registers.expulsions import EXPULSIONS
from irregsim.model.registers.health import HEALTH
from irregsim.model.registers.outside import WIDER, outside_parts
from irregsim.model.registers.returns import ASSISTED, LEFT_CENTRE
from irregsim.model.registers.sanctions import SANCTIONS
from irregsim.model.registers.transports import ORDERS, RETURNS

REGISTERS: tuple[Register, ...] = (
    DUTY_TO_LEAVE,
    EXPULSIONS,
    ORDERS,
    RETURNS,
    SANCTIONS,
    ASSISTED,
    LEFT_CENTRE,
    HEALTH,
)

__all__ = ["REGISTERS", "WIDER", "Count", "Observer", "Register", "Scope", "outside_parts"]
