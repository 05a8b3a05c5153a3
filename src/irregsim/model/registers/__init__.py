"""What agencies would have counted (docs/odd.md): one file per agency table.

Each register reads the history of the latent population and returns yearly counts as its agency would have published
them: with its own scope, delay, cut-off and dispersion. Randomness of the observation has channels of its own, so a
register never changes a life.
"""

from irregsim.model.registers.base import Count, Noise, Observer, Register, Scope, Shown
from irregsim.model.registers.duty_to_leave import DUTY_TO_LEAVE
from irregsim.model.registers.expulsions import EXPULSIONS
from irregsim.model.registers.health import HEALTH
from irregsim.model.registers.outside import WIDER, outside_parts
from irregsim.model.registers.portfolio import PORTFOLIO
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
    PORTFOLIO,
)


def shown_series(first: tuple[str, ...] = ()) -> tuple[tuple[str, str, str], ...]:
    """Series of the country that pictures and summaries show: register, dimension and key.

    Args:
        first: Names of the registers to begin with, in this order; all others follow in the order of `REGISTERS`.
    """
    order = sorted(REGISTERS, key=lambda one: first.index(one.name) if one.name in first else len(first))
    return tuple((register.name, one.dimension, one.key) for register in order for one in register.shown)


__all__ = [
    "REGISTERS",
    "WIDER",
    "Count",
    "Noise",
    "Observer",
    "Register",
    "Scope",
    "Shown",
    "outside_parts",
    "shown_series",
]
