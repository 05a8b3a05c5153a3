"""Assumptions: dated paths that no government sets, and switches of the model."""

from __future__ import annotations

from irregsim.levers.entry import FROM, MULTIPLE, REFERENCE, Holds, Kind, Lever, Part

_WINDOW_PARTS = (FROM, Part("to", Holds.MONTH, "Last month.", required=True), REFERENCE)


def _multiple(key: str, source: str, meaning: str, meaning_nb: str, mechanisms: tuple[str, ...]) -> Lever:
    """An assumption that multiplies its baseline path."""
    return Lever(
        key=key,
        section="assumptions",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit=MULTIPLE,
        high=10.0,
        default=1.0,
        no_direction="an assumption, not a policy",
        who_decides="nobody",
        source=source,
        meaning=meaning,
        meaning_nb=meaning_nb,
        mechanisms=mechanisms,
        fields=(key,),
        example="[{from: 2022-01, value: 1.2}]",
    )


def _response(key: str, meaning: str, meaning_nb: str, mechanisms: tuple[str, ...]) -> Lever:
    """A response parameter that a scenario can fix instead of letting it be drawn."""
    return Lever(
        key=f"response.{key}",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.NUMBER,
        unit="the parameter's own scale; 0 is no response",
        low=-10.0,
        high=10.0,
        default=None,
        nullable=True,
        no_direction="an assumption, not a policy",
        who_decides="nobody",
        source="F 2.1; 11.1 (deterrence or displacement); prior in the parameter table",
        meaning=meaning,
        meaning_nb=meaning_nb,
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
        unit="first-instance rejections on the merits per year",
        high=50_000.0,
        default=(),
        nullable=True,
        no_direction="an assumption, not a policy",
        who_decides="nobody",
        source="UDI tabell 16 to 2020; grade D after",
        meaning="Rejections on the merits in the first instance in that year only. After 2020 the appeal "
        "body's output follows them by a ratio, and the last stated year is held.",
        meaning_nb="Avslag på realiteten i første instans i det året alene. Etter 2020 følger "
        "klageinstansens avslag med et forholdstall, og siste oppgitte år holdes videre.",
        mechanisms=("M089", "M091"),
        parts=(
            Part(
                "value",
                Holds.NUMBER,
                "Rejections in the year.",
                unit="first-instance rejections on the merits per year",
                high=50_000.0,
                required=True,
            ),
            REFERENCE,
        ),
        identity="year",
        merge="the same year replaces; null removes",
        fields=("asylum_rejections_per_year",),
        example="{2023: 900, 2024: 900}",
    ),
    _multiple(
        "never_asylum_inflow",
        "F 8.2; 10.5; no count exists, grade D",
        "New residents without legal stay who never sought asylum, relative to the baseline path.",
        "Nye personer uten lovlig opphold som aldri har søkt asyl, i forhold til referansebanen.",
        ("M071", "M072", "M088", "M092"),
    ),
    _multiple(
        "control_effort",
        "tabell 10.4; public figures; grades B to D",
        "National police control effort, relative to the baseline path.",
        "Politiets kontrollinnsats nasjonalt, i forhold til referansebanen.",
        ("M060", "M062"),
    ),
    _multiple(
        "pu_effort",
        "PU's yearly totals; grades B to D",
        "Effort of the police immigration service on forced returns of former asylum seekers.",
        "Politiets utlendingsenhets innsats for tvangsretur av tidligere asylsøkere.",
        ("M002", "M007"),
    ),
    _multiple(
        "assisted_scheme",
        "UDI's counts of assisted returns; grade B",
        "Reach of the assisted return scheme beside its levers, relative to the baseline path.",
        "Rekkevidden av ordningen for assistert retur utover virkemidlene, i forhold til referansebanen.",
        ("M001", "M004"),
    ),
    _multiple(
        "dublin_rate",
        "Dublin decisions 2009-2016; grade D after",
        "Dublin decisions, relative to the baseline path.",
        "Dublin-vedtak, i forhold til referansebanen.",
        ("M018",),
    ),
    Lever(
        key="pandemic",
        section="assumptions",
        kind=Kind.WINDOW,
        holds=Holds.MONTH,
        unit="months",
        default=None,
        nullable=True,
        no_direction="an assumption, not a policy",
        who_decides="nobody",
        source="F 4.1; 7.4; 9.2 footnote 47; T28; the last month is an assumption, grade D",
        meaning="Months in which the pandemic lowers arrivals, controls and transports.",
        meaning_nb="Måneder der pandemien demper ankomster, kontroller og uttransporter.",
        mechanisms=("M080",),
        parts=_WINDOW_PARTS,
        identity="none",
        merge="replaces; null removes",
        fields=("pandemic",),
        example="{from: 2020-03, to: 2022-06}",
    ),
    Lever(
        key="inflow_pull",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=False,
        no_direction="an assumption, not a policy",
        who_decides="nobody",
        source="no source; off in the baseline",
        meaning="Whether informal jobs draw new residents without legal stay.",
        meaning_nb="Om uformelle jobber trekker til seg nye personer uten lovlig opphold.",
        mechanisms=("M071", "M072"),
        identity="none",
        merge="replaces",
        fields=("inflow_pull",),
        example="true",
    ),
    _response(
        "departure_from_hardship",
        "How strongly hardship makes people leave Norway. Null: drawn from its prior.",
        "Hvor sterkt nød får folk til å forlate Norge. Null: trekkes fra sin prior.",
        ("M006", "M052"),
    ),
    _response(
        "arrival_from_conditions",
        "How strongly living conditions change arrivals. Null: drawn from its prior.",
        "Hvor sterkt levekår endrer ankomstene. Null: trekkes fra sin prior.",
        ("M091",),
    ),
    _response(
        "return_risk",
        "How strongly perceived risk of forced return changes behaviour. Null: drawn from its prior.",
        "Hvor sterkt opplevd risiko for tvangsretur endrer atferd. Null: trekkes fra sin prior.",
        ("M001", "M002", "M098"),
    ),
    Lever(
        key="interactions",
        section="assumptions",
        kind=Kind.SETTING,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=True,
        no_direction="a switch for verification",
        who_decides="nobody",
        source="model specification, section 11",
        meaning="False switches off capacity, ties and learning, so that lives do not depend on each other.",
        meaning_nb="Usann slår av kapasitet, bånd og læring, slik at livsløp ikke avhenger av hverandre.",
        identity="none",
        merge="replaces",
        fields=("interactions",),
        example="false",
    ),
)
"""All assumptions, in the order of the contract."""
