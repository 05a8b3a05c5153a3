"""The people and things of a world of the package, as `state.World`: the same beginning for both programs.

Numbers and names only are read, by the columns that section 2 of docs/odd.md lists; no rule is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from .drivers import CITIES, Drivers, places, rows_of
from .state import STRATEGIES, SUBTYPES, Centre, Employer, Host, Person, World


def take_over(world: Any, draw: dict[str, float], scale: float, seed: int, policy: Mapping[str, Any]) -> World:
    """A world between two months, of Python objects.

    Args:
        world: A world of the package; not changed.
        draw: Value of every parameter.
        scale: Scale of the population.
        seed: Of what happens from here on.
        policy: Levers and assumptions of a scenario by name.
    """
    rng = random.Random(seed)
    persons = persons_of(world.population)
    w = World(
        p=dict(draw),
        scale=scale,
        month=int(world.month),
        rng=rng,
        persons=persons,
        centres=_centres(world.centres, scale),
        employers=_employers(world.employers, rng),
        hosts=_hosts(world.hosts),
        belief=[float(x) for x in world.perceived],
        circle_belief={i: float(x) for i, x in enumerate(world.perceived_in_circle[:-1])},
        congregation_circles={i for i, x in enumerate(world.hosts.is_congregation_circle[:-1]) if x},
        contracts=float(world.centres.contracts[0]),
        pools=float(world.centres.contracts[1]),
        drivers=Drivers(draw, scale, policy),
    )
    for x in w.here():
        if x.centre >= 0:
            w.centres[x.centre].residents += 1
        if x.host >= 0 and x.guardian is None:
            w.hosts[x.host].guests += 1
        if x.employer >= 0:
            w.employers[x.employer].main += 1
        if x.side >= 0:
            w.employers[x.side].sides += 1
    return w


def persons_of(p: Any) -> list[Person]:
    """Everybody in the country or in temporary stay, children with their guardians."""
    routes = [row["route"] for row in rows_of("route_mix.csv")]
    rows: dict[int, Person] = {}
    for i in range(len(p.strategy)):
        is_away = p.back_due[i] >= 0
        if int(p.strategy[i]) >= len(STRATEGIES) and not is_away:
            continue
        rows[i] = Person(
            country=int(p.country[i]),
            route=routes[int(p.route[i])],
            place=int(p.place[i]),
            strategy="midlertidig" if is_away else STRATEGIES[int(p.strategy[i])],
            back=int(p.back_due[i]),
            subtype=SUBTYPES[int(p.substrategy[i])],
            entry=int(p.entry_month[i]),
            start=int(p.strategy_start[i]),
            birth=int(p.birth_month[i]),
            household=int(p.household[i]),
            decision=int(p.decision[i]),
            sought=bool(p.is_sought_asylum[i]),
            female=bool(p.is_female[i]),
            identity=bool(p.is_identity_established[i]),
            child_status=int(p.child_status[i]),
            forged=bool(p.has_forged_papers[i]),
            ill=bool(p.has_care_need[i]),
            card=bool(p.has_tax_card[i]),
            shaken=bool(p.is_shaken[i]),
            exploited=bool(p.is_exploited[i]),
            violence=bool(p.in_violence[i]),
            rent=bool(p.pays_rent[i]),
            due=int(p.transport_due[i]),
            sure=int(p.track[i]) == 0,
            prison=int(p.track[i]) == 2,
            met="report" if p.met[i] >= 0 else "",
            centre=int(p.centre[i]),
            employer=int(p.employer[i]),
            side=int(p.side_employer[i]),
            host=int(p.host[i]),
            ties=[int(p.tie_0[i]), int(p.tie_1[i]), int(p.tie_2[i])],
        )
    for i, x in rows.items():
        guardian = rows.get(int(p.guardian[i]))
        if guardian is not None:
            x.guardian = guardian
            guardian.children.append(x)
    return list(rows.values())


def _centres(centres: Any, scale: float) -> list[Centre]:
    """Centres of the data, a unit of alternative placement per city, and room for new ones; the latter are closed."""
    at = {(p.district, p.city): i for i, p in enumerate(places())}
    found = []
    for i, row in enumerate(rows_of("centres.csv")):
        district, _, city = row["place"].partition("/")
        named = row["naming"] == "named"
        found.append(
            Centre(
                at[district, city if city in CITIES else "Oslo" if district == "Oslo" else None],
                row["kind"],
                float(row["remoteness"]),
                float(row["places"] or 0) * scale if named else 0.0,
                float(row["pool_share"]),
                places=float(centres.places[i]) if row["kind"] == "ordinary" else float(centres.capacity[i]),
                is_open=bool(centres.is_open[i]),
            )
        )
    found += [Centre(0, "none", 0.0, 0.0, 0.0, is_open=False) for _ in range(len(centres.places) - len(found))]
    return found


def _employers(e: Any, rng: random.Random) -> list[Employer]:
    return [
        Employer(
            place=int(e.place[i]),
            is_home=int(e.sector[i]) == 5,
            jobs=int(e.jobs[i]),
            readiness=float(e.readiness[i]),
            gap=float(e.gap_ratio[i]),
            case_ratio=float(e.case_ratio[i]),
            perceived=float(e.perceived[i]),
            first_cost=float(e.reference_cost[i]),
            is_own_account=bool(e.is_own_account[i]),
            open_jobs=int(e.open_jobs[i]),
        )
        for i in range(len(e.jobs))
    ]


def _hosts(h: Any) -> list[Host]:
    return [
        Host(
            country=int(h.country[i]),
            place=int(h.place[i]),
            type=SUBTYPES[int(h.type[i])],
            capacity=int(h.capacity[i]),
            patience=float(h.patience[i]),
            exploits=bool(h.is_exploitative[i]),
            circle=int(h.circle[i]),
        )
        for i in range(len(h.country))
    ]
