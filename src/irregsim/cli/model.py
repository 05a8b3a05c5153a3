"""``irregsim model``: the plan of a month, and where the time of a replicate goes."""

from __future__ import annotations

from typing import Any

import click

from irregsim.cli.errors import say


@click.command(short_help="Show the plan of a month: parts, rules, who is at risk.")
@click.option("--time", "timed", is_flag=True, help="Also run a short replicate and show where its time goes.")
@click.option("--end", default="2013-12", show_default=True, metavar="YYYY-MM", help="Last month of that replicate.")
@click.option(
    "--scale",
    type=float,
    default=0.2,
    show_default=True,
    help="Population scale of that replicate, above 0 and at most 10; 1 is the country.",
)
def model(timed: bool, end: str, scale: float) -> None:
    """Show what happens in a simulated month, in order: the parts, their rules, and whom they apply to.

    An arrow shows the state a rule moves people to, and the recorded cause; the part itself decides what
    other rules do. Grades: A measured in a register, B stated in a source, C expert judgement, D modelling assumption.

    \b
    Example:
      irregsim model
      irregsim model --time --end 2013-12 --scale 0.2
    """
    from irregsim.model.plan import plan
    from irregsim.study.replicates import scale_fault

    if fault := scale_fault(scale):
        raise click.BadParameter(fault, param_hint="--scale")
    for row in plan():
        say(f"{row['order']:2d}. {row['part']} (step {row['step']}): {row['what']}")
        say(f"    at risk: {row['at_risk']}")
        for rule in row["rules"]:
            say(f"    - {rule['channel']} [{rule['grade']}] {_leads_to(rule)}")
    if timed:
        say(f"\n{_timing(end, scale)}")


def _leads_to(rule: dict[str, Any]) -> str:
    if rule["enters"] is None:
        return "decided by the part"
    return f"-> {rule['enters']} ({rule['cause']})"


def _timing(end: str, scale: float) -> str:
    from irregsim.model.parameters import point_draw
    from irregsim.model.plan import STAGES, timing
    from irregsim.present.terminal import table
    from irregsim.scenario import ScenarioError, load_scenario

    try:
        scenario = load_scenario("baseline", end=end)
    except ScenarioError as error:
        raise click.UsageError("\n".join(str(fault) for fault in error.faults)) from None
    rows = timing(scenario, point_draw(), scale=scale)
    whole = sum(row["seconds"] for row in rows)
    heads = ["part", "seconds", "share", "µs per person-month", *STAGES]
    cells = [
        [
            row["part"],
            f"{row['seconds']:.3f}",
            f"{100 * row['share']:.1f} %",
            f"{row['microseconds']:.3f}",
            *("" if row[stage] is None else f"{row[stage]:.3f}" for stage in STAGES),
        ]
        for row in rows
    ]
    title = f"Process time of one replicate, 2009-01 to {end}, scale {scale:g}: {whole:.2f} seconds"
    return f"{title}\n{table([heads, *cells], left=1)}"
