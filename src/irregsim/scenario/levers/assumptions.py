"""Assumptions: dated paths that no government sets, and switches of the model."""

from __future__ import annotations

from irregsim.scenario.levers.entry import FROM, REFERENCE, Holds, Kind, Lever, Part

_WINDOW_PARTS = (
    FROM,
    Part("to", Holds.MONTH, words="last_month", required=True),
    REFERENCE,
)


_REJECTIONS_USUAL = (0.0, 8000.0, 100.0)


def _multiple(key: str, source: str, mechanisms: tuple[str, ...]) -> Lever:
    """An assumption that multiplies its baseline path."""
    return Lever(
        key=key,
        section="assumptions",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="multiple_of_path",
        high=10.0,
        usual=(0.0, 3.0, 0.1),
        default=1.0,
        no_direction="assumption",
        who_decides="nobody",
        source=source,
        mechanisms=mechanisms,
        fields=(key,),
        example="[{from: 2022-01, value: 1.2}]",
    )


def _response(key: str, usual: tuple[float, float, float], mechanisms: tuple[str, ...]) -> Lever:
    """A response parameter that a scenario can fix instead of letting it be drawn.

    ``usual`` covers some three standard deviations of the prior on either side of its middle.
    """
    return Lever(
        key=f"response.{key}",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.NUMBER,
        unit="own_scale",
        low=-10.0,
        high=10.0,
        usual=usual,
        default=None,
        nullable=True,
        no_direction="assumption",
        who_decides="nobody",
        source="F 2.1; 11.1 (deterrence or displacement); prior in the parameter table",
        mechanisms=mechanisms,
        identity="none",
        merge="replaces",
        fields=(key,),
        example="0",
    )


ASSUMPTIONS: tuple[Lever, ...] = (
    Lever(
        key="asylum_rejections_per_year",
        section="assumptions",
        kind=Kind.YEARS,
        holds=Holds.NUMBER,
        unit="rejections_per_year",
        high=50_000.0,
        usual=_REJECTIONS_USUAL,
        default=(),
        nullable=True,
        no_direction="assumption",
        who_decides="nobody",
        source="UDI tabell 16 to 2020; grade D after",
        mechanisms=("M089", "M091"),
        parts=(
            Part(
                "value",
                Holds.NUMBER,
                unit="rejections_per_year",
                high=50_000.0,
                usual=_REJECTIONS_USUAL,
                required=True,
            ),
            REFERENCE,
        ),
        identity="year",
        merge="by_year",
        fields=("asylum_rejections_per_year",),
        example="{2023: 900, 2024: 900}",
    ),
    _multiple("never_asylum_inflow", "F 8.2; 10.5; no count exists, grade D", ("M071", "M072", "M088", "M092")),
    _multiple("control_effort", "tabell 10.4; public figures; grades B to D", ("M060", "M062")),
    _multiple("pu_effort", "PU's yearly totals; grades B to D", ("M002", "M007")),
    _multiple("assisted_scheme", "UDI's counts of assisted returns; grade B", ("M001", "M004")),
    _multiple("dublin_rate", "Dublin decisions 2009-2016; grade D after", ("M018",)),
    Lever(
        key="pandemic",
        section="assumptions",
        kind=Kind.WINDOW,
        holds=Holds.MONTH,
        unit="months",
        default=None,
        nullable=True,
        no_direction="assumption",
        who_decides="nobody",
        source="F 4.1; 7.4; 9.2 footnote 47; T28; the last month is an assumption, grade D",
        mechanisms=("M080",),
        parts=_WINDOW_PARTS,
        identity="none",
        merge="replaces_or_removes",
        fields=("pandemic",),
        example="{from: 2020-03, to: 2022-06}",
    ),
    Lever(
        key="inflow_pull",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.TRUE_FALSE,
        unit="true_or_false",
        default=False,
        no_direction="assumption",
        who_decides="nobody",
        source="no source; off in the baseline",
        mechanisms=("M071", "M072"),
        identity="none",
        merge="replaces",
        fields=("inflow_pull",),
        example="true",
    ),
    _response("departure_from_hardship", (-0.7, 1.1, 0.05), ("M006", "M052")),
    _response("arrival_from_conditions", (-0.5, 0.5, 0.02), ("M091",)),
    _response("return_risk", (-0.5, 2.0, 0.05), ("M001", "M002", "M098")),
    Lever(
        key="interactions",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.TRUE_FALSE,
        unit="true_or_false",
        default=True,
        no_direction="switch",
        who_decides="nobody",
        source="model specification, section 11",
        identity="none",
        merge="replaces",
        fields=("interactions",),
        example="false",
    ),
    Lever(
        key="driver_walks",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.TRUE_FALSE,
        unit="true_or_false",
        default=True,
        no_direction="assumption",
        who_decides="nobody",
        source="yearly changes of each driver's own counts; parameters walk_*_log_sd, grades C and D",
        identity="none",
        merge="replaces",
        fields=("driver_walks",),
        example="false",
    ),
)
"""All assumptions, in the order of the contract."""
