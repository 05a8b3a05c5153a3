"""What a scenario can set: one entry per lever and per assumption.

A *lever* is something a government, an agency or a municipality can set. An *assumption* is a dated path that
no government sets. Reading a scenario, its JSON Schema, the ``levers`` command, the sliders and the direction
tests all read these entries; no list is kept twice.

Sources: ``F`` is Fafo-rapport 2021:15 with its section; ``T`` and ``M`` numbers are rows of its policy
timeline and its mechanisms. A direction in ``moves`` is what raising the lever (or turning it on) does, other
things equal; ``basis`` says where the direction comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

NAV_RULES: tuple[str, ...] = ("rule_2004", "rule_2014", "wide")
"""Rules of emergency help from NAV, from the first to the widest known; an index into it is stored."""

HEALTH_MODELS: tuple[str, ...] = ("ngo_centre", "municipal_asylum_only", "municipal_open", "none")
"""Ways in which a city gives primary health care to persons without legal stay."""


class Kind(StrEnum):
    """Shape of what a scenario writes for a lever."""

    AGREEMENTS = "agreements"
    CENTRE_DATES = "centre_dates"
    DATED = "dated"  # a bare value or a list of {from, value}
    DIRECTIVE = "directive"
    SCHEMES = "schemes"
    YEARS = "years"
    WINDOW = "window"
    SETTING = "setting"  # one value for the whole simulation


class Holds(StrEnum):
    """Type of one value."""

    NUMBER = "number"
    TRUE_FALSE = "true_false"
    OPTION = "option"
    MONTH = "month"
    COUNTRY = "country"
    CENTRE = "centre"
    TEXT = "text"


class By(StrEnum):
    """What a lever is set by, where it is not one value for the country."""

    NOTHING = ""
    CENTRE = "centre"
    DISTRICT = "district"
    CITY = "city"


@dataclass(frozen=True)
class Part:
    """One key of an entry, such as ``effectiveness`` of a return agreement.

    Attributes:
        name: Key as written.
        holds: Type of the value.
        meaning: What it says, in English.
        unit: Unit of a number.
        low: Smallest number accepted.
        high: Largest number accepted.
        required: Whether the entry must have it.
        nullable: Whether ``null`` is accepted (it removes an inherited entry).
        default: Value when it is left out and not required.
    """

    name: str
    holds: Holds
    meaning: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    required: bool = False
    nullable: bool = False
    default: float | bool | None = None


@dataclass(frozen=True)
class Lever:
    """One thing a scenario can set.

    Attributes:
        key: Dotted key below ``levers`` or ``assumptions``.
        section: ``levers`` or ``assumptions``.
        kind: Shape of what is written.
        holds: Type of its value (of ``effectiveness``, ``on`` and so on where entries have parts).
        by: Centre, district or city, where it is set by one.
        unit: Unit in words.
        low: Smallest number accepted.
        high: Largest number accepted.
        default: Value where neither the file nor any parent says anything.
        moves: Outcome to ``up``, ``down`` or ``none`` when the lever is raised or turned on.
        no_direction: Why there is no direction, where ``moves`` is empty.
        basis: ``from the report``, ``from theory`` or ``by construction``, for ``moves``.
        who_decides: Who can set it in Norway.
        source: Where meaning and values come from.
        meaning: What it is, in English.
        meaning_nb: What it is, in Norwegian.
        mechanisms: Ids of the report's claims that it works through.
        options: Values accepted, for an option.
        parts: Keys of an entry.
        identity: What makes two entries the same one.
        merge: What a child's entry does to an inherited one.
        nullable: Whether ``null`` may be written for the value.
        fields: Names of the fields of ``scenario.Levers`` that it fills.
        example: A small piece of YAML for its value.
    """

    key: str
    section: Literal["levers", "assumptions"]
    kind: Kind
    holds: Holds
    unit: str
    default: object
    who_decides: str
    source: str
    meaning: str
    meaning_nb: str
    fields: tuple[str, ...]
    example: str
    by: By = By.NOTHING
    low: float = 0.0
    high: float = 0.0
    moves: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    no_direction: str = ""
    basis: str = ""
    mechanisms: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    identity: str = "month"
    merge: str = "a dated child overrides from its first date on; a bare value overrides throughout"
    nullable: bool = False

    @property
    def path(self) -> str:
        """Full dotted path in a scenario file."""
        return f"{self.section}.{self.key}"


_FROM = Part("from", Holds.MONTH, "First month in force.", required=True)
_TO = Part("to", Holds.MONTH, "Last month in force; left out: to the end.")
_REFERENCE = Part("reference", Holds.TEXT, "Where the entry comes from.")

_MULTIPLE = "multiple of the baseline path, whose 2019 mean is 1"
_AGREEMENT_PARTS = (
    Part("country", Holds.COUNTRY, "Country, by its name in tabell 10.4, in English or by ISO code.", required=True),
    _FROM,
    _TO,
    Part(
        "effectiveness",
        Holds.NUMBER,
        "Feasibility of forced return that the agreement brings about; 0 is no agreement, null removes.",
        unit="share of forced returns that can be carried out",
        high=1.0,
        required=True,
        nullable=True,
    ),
    _REFERENCE,
)
_CENTRE_PARTS = (
    Part("centre", Holds.CENTRE, "Name of the reception centre.", required=True),
    Part("on", Holds.MONTH, "First month closed or open; null removes.", required=True, nullable=True),
    _REFERENCE,
)
_DIRECTIVE_PARTS = (
    _FROM,
    _TO,
    Part(
        "back_pay_months",
        Holds.NUMBER,
        "Months of employment presumed, and so owed in back pay, unless shorter is proved.",
        unit="months",
        high=60.0,
        required=True,
    ),
    Part("duty_to_check", Holds.TRUE_FALSE, "Employers must check papers before they hire.", required=True),
    Part("complaint_route", Holds.TRUE_FALSE, "Workers can complain without being removed for it.", required=True),
    _REFERENCE,
)
_SCHEME_PARTS = (
    _FROM,
    _TO,
    Part(
        "min_years",
        Holds.NUMBER,
        "Years in Norway without legal stay at least; null removes an inherited scheme.",
        unit="years",
        high=100.0,
        required=True,
        nullable=True,
    ),
    Part(
        "min_age_plus_years",
        Holds.NUMBER,
        "Age and years in Norway together at least; 0 is no condition.",
        unit="years",
        high=200.0,
        default=0.0,
    ),
    Part("no_conviction", Holds.TRUE_FALSE, "Only persons without a penal conviction.", default=False),
    Part("sought_asylum_only", Holds.TRUE_FALSE, "Only persons who once sought asylum.", default=False),
    Part("families_only", Holds.TRUE_FALSE, "Only families with children.", default=False),
    _REFERENCE,
)
_WINDOW_PARTS = (_FROM, Part("to", Holds.MONTH, "Last month.", required=True), _REFERENCE)


def _moves(**outcomes: str) -> Mapping[str, str]:
    """Directions, with ``stock__x`` written for ``stock:x``."""
    return MappingProxyType({name.replace("__", ":"): sign for name, sign in outcomes.items()})


LEVERS: tuple[Lever, ...] = (
    Lever(
        key="return_agreements",
        section="levers",
        kind=Kind.AGREEMENTS,
        holds=Holds.NUMBER,
        unit="share of forced returns that can be carried out",
        high=1.0,
        default=(),
        moves=_moves(exit__tvangsretur="up", stock__synlig="down"),
        basis="from the report",
        who_decides="the government (ministries of justice and of foreign affairs), with the other state",
        source="F 2.1; 9.1; 10.1; T11, T18, T40",
        meaning="Return agreements by country. An agreement lifts the feasibility of forced return to its "
        "effectiveness where that is higher. Having an agreement and its effect are two things: the one with "
        "Ethiopia hardly changed anything. Where several cover a month, the one with the latest `from` "
        "counts.",
        meaning_nb="Returavtaler etter land. En avtale løfter muligheten for tvangsretur til virkningsgraden "
        "sin der den er høyere. Avtale og virkning er to ting: den med Etiopia endret knapt noe.",
        mechanisms=("M002", "M003", "M008", "M075", "M098"),
        parts=_AGREEMENT_PARTS,
        identity="country and from",
        merge="added; the same country and from replaces; effectiveness null removes",
        fields=("agreement_effectiveness",),
        example="[{country: Eritrea, from: 2023-01, effectiveness: 0.6}]",
    ),
    Lever(
        key="reception_centres.close",
        section="levers",
        kind=Kind.CENTRE_DATES,
        holds=Holds.MONTH,
        unit="first month closed",
        default=(),
        moves=_moves(stock__synlig="down", stock__fritt_fall="up"),
        basis="from the report",
        who_decides="UDI, within the budget of the Storting",
        source="F 4.3; 4.4; 7.2; 10.5; T23, T24, T27",
        meaning="Reception centres that close. Residents are moved elsewhere; some walk out instead.",
        meaning_nb="Mottak som legges ned. Beboerne flyttes til andre steder; noen går heller ut.",
        mechanisms=("M020", "M021", "M022", "M029"),
        parts=_CENTRE_PARTS,
        identity="centre",
        merge="added; the same centre replaces; on null removes",
        fields=("centre_open",),
        example="[{centre: Trondheim, on: 2024-07}]",
    ),
    Lever(
        key="reception_centres.open",
        section="levers",
        kind=Kind.CENTRE_DATES,
        holds=Holds.MONTH,
        unit="first month open",
        default=(),
        moves=_moves(stock__synlig="up"),
        basis="from the report",
        who_decides="UDI, within the budget of the Storting",
        source="F 4.3; 7.2; T35, T41",
        meaning="Reception centres that open again after they closed.",
        meaning_nb="Mottak som åpner igjen etter å ha vært stengt.",
        mechanisms=("M021", "M027"),
        parts=_CENTRE_PARTS,
        identity="centre",
        merge="added; the same centre replaces; on null removes",
        fields=("centre_open",),
        example="[{centre: Bergen, on: 2024-01}]",
    ),
    Lever(
        key="reception_centres.capacity",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        by=By.CENTRE,
        unit="places for persons with a final rejection",
        high=5000.0,
        default=None,
        nullable=True,
        moves=_moves(stock__synlig="up"),
        basis="by construction",
        who_decides="UDI, within the budget of the Storting",
        source="F 5.2; 7.2 (Trondheim 170 places, Kristiansand 20)",
        meaning="Places in a centre that persons with a final rejection can have. Null: as in the data.",
        meaning_nb="Plasser i et mottak for personer med endelig avslag. Null: som i dataene.",
        mechanisms=("M021", "M027"),
        identity="centre and month",
        fields=("centre_capacity",),
        example="{Trondheim: [{from: 2024-01, value: 60}]}",
    ),
    Lever(
        key="reception_centres.stay_after_rejection",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=True,
        moves=_moves(stock__synlig="up"),
        basis="from the report",
        who_decides="the Storting and the ministry of justice",
        source="F 4.3; 4.4; T03",
        meaning="Whether persons may stay in a centre after the final rejection. In the early 2000s they had to leave.",
        meaning_nb="Om personer kan bli boende på mottak etter endelig avslag. Tidlig på 2000-tallet måtte de ut.",
        mechanisms=("M012", "M013", "M089"),
        fields=("stay_after_rejection",),
        example="[{from: 2024-01, value: false}]",
    ),
    Lever(
        key="reception_centres.basic_allowance_nok",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="NOK per month, single adult with a final rejection",
        high=50_000.0,
        default=1992.0,
        moves=_moves(stock__synlig="up"),
        basis="from theory",
        who_decides="the ministry of justice and UDI",
        source="F 4.3 footnote 17; T37",
        meaning="Basic allowance (basisytelse) in a centre for a single adult with a final rejection.",
        meaning_nb="Basisytelse på mottak for en enslig voksen med endelig avslag.",
        mechanisms=("M013", "M023"),
        fields=("basic_allowance_nok",),
        example="2500",
    ),
    Lever(
        key="fines.employer_base_nok",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="NOK per sanctioned employer",
        high=10_000_000.0,
        default=50_000.0,
        moves=_moves(stock__arbeidende="down"),
        basis="from theory",
        who_decides="the Director of Public Prosecutions (rates), the police (practice)",
        source="F 8.3; T26; public figures on fine_use_of_illegal_labour",
        meaning="Base fine of an employer found using a person without a work permit.",
        meaning_nb="Grunnbot til en arbeidsgiver som har brukt en person uten arbeidstillatelse.",
        mechanisms=("M067", "M068"),
        fields=("employer_base_nok",),
        example="[{from: 2023-01, value: 150000}]",
    ),
    Lever(
        key="fines.employer_per_workday_nok",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="NOK per documented workday",
        high=1_000_000.0,
        default=5_000.0,
        moves=_moves(stock__arbeidende="down"),
        basis="from the report",
        who_decides="the Director of Public Prosecutions (rates), the police (practice)",
        source="F 8.3; T26",
        meaning="Fine added per documented workday. Workdays are rarely documented, so alone it does little.",
        meaning_nb="Tillegg i boten per dokumentert dagsverk. Dagsverk blir sjelden dokumentert, så alene "
        "betyr den lite.",
        mechanisms=("M067", "M068"),
        fields=("employer_per_workday_nok",),
        example="5000",
    ),
    Lever(
        key="fines.worker_nok",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="NOK per sanctioned worker",
        high=10_000_000.0,
        default=8_000.0,
        no_direction="the worker pays after being found; the employer's gain and cost stay as they were",
        who_decides="the Director of Public Prosecutions (rates), the police (practice)",
        source="F 8.3 (44 workers sanctioned in 2019); the amount is an assumption, grade D",
        meaning="Fine of a worker found working without a permit.",
        meaning_nb="Bot til en arbeidstaker som har arbeidet uten tillatelse.",
        mechanisms=("M057",),
        fields=("worker_nok",),
        example="10000",
    ),
    Lever(
        key="fines.documented_workdays_share",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="share of sanctioned cases",
        high=1.0,
        default=0.1,
        moves=_moves(stock__arbeidende="down"),
        basis="from the report",
        who_decides="the police and the Labour Inspection Authority",
        source="F 8.3 (workdays are hard to document); the share is an assumption, grade D",
        meaning="Share of employer cases with workdays documented well enough to be fined.",
        meaning_nb="Andel av arbeidsgiversakene der dagsverk er dokumentert godt nok til å gi bot.",
        mechanisms=("M068", "M069"),
        fields=("documented_workdays_share",),
        example="[{from: 2024-01, value: 0.4}]",
    ),
    Lever(
        key="employer_sanctions_directive",
        section="levers",
        kind=Kind.DIRECTIVE,
        holds=Holds.NUMBER,
        unit="in force or not",
        default=None,
        nullable=True,
        moves=_moves(stock__arbeidende="down", back_pay_nok="up"),
        basis="from theory",
        who_decides="the Storting (the EU directive of 2009 is not part of Norwegian law)",
        source="F 8.3; T08",
        meaning="Rules like the EU Employer Sanctions Directive: back pay presumed for some months, a duty "
        "to check papers, and a route for workers to complain.",
        meaning_nb="Regler som i EUs sanksjonsdirektiv: formodet etterbetaling for noen måneder, plikt til å "
        "kontrollere papirer og en klageadgang for arbeidstakere.",
        mechanisms=("M066", "M067", "M068"),
        parts=_DIRECTIVE_PARTS,
        identity="none",
        merge="replaces; null removes",
        fields=(
            "directive_in_force",
            "directive_duty_to_check",
            "directive_complaint_route",
            "directive_back_pay_months",
        ),
        example="{from: 2024-01, back_pay_months: 3, duty_to_check: true, complaint_route: true}",
    ),
    Lever(
        key="work.tax_card",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=False,
        moves=_moves(stock__arbeidende="up"),
        basis="from the report",
        who_decides="the ministry of finance and the tax administration",
        source="F 4.4; 4.5; T16",
        meaning="Whether rejected asylum seekers keep a valid tax card. They did until the practice was "
        "tightened in 2015.",
        meaning_nb="Om personer med avslag på asyl beholder gyldig skattekort. Det gjorde de til praksis ble "
        "strammet inn i 2015.",
        mechanisms=("M031", "M032", "M033"),
        fields=("tax_card",),
        example="[{from: 2024-01, value: true}]",
    ),
    Lever(
        key="work.confiscate_profit_share",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="share of sanctioned employers",
        high=1.0,
        default=0.0,
        moves=_moves(stock__arbeidende="down"),
        basis="from theory",
        who_decides="the police and the prosecutors",
        source="F 8.3 (confiscation is possible, and known only from large cases)",
        meaning="Share of sanctioned employers whose profit from informal work is confiscated.",
        meaning_nb="Andel av arbeidsgivere med reaksjon som får inndratt fortjenesten av det uformelle arbeidet.",
        mechanisms=("M067",),
        fields=("confiscate_profit_share",),
        example="0.5",
    ),
    Lever(
        key="work.worker_consequences",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=True,
        moves=_moves(register__udi_expulsions="up"),
        basis="from the report",
        who_decides="the Storting, the ministry of justice and the police",
        source="F 8.3; 4.5",
        meaning="Whether the worker found is fined and expelled, as today. False: only the employer answers.",
        meaning_nb="Om arbeidstakeren som blir funnet, bøtelegges og utvises, som i dag. Usann: bare "
        "arbeidsgiveren svarer for det.",
        mechanisms=("M055", "M057", "M066"),
        fields=("worker_consequences",),
        example="[{from: 2024-01, value: false}]",
    ),
    Lever(
        key="controls.workplace_inspections",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        by=By.DISTRICT,
        unit=_MULTIPLE,
        high=10.0,
        default=1.0,
        moves=_moves(stock__arbeidende="down", register__udi_expulsions="up"),
        basis="from the report",
        who_decides="the police districts and the Labour Inspection Authority",
        source="F 8.2; 8.3; tabell 8.1",
        meaning="Workplace inspections by police district, relative to 2019.",
        meaning_nb="Arbeidsplasskontroller etter politidistrikt, i forhold til 2019.",
        mechanisms=("M055", "M056", "M062", "M070"),
        identity="district and month",
        fields=("workplace_inspections",),
        example="{Oslo: 2.0, Vest: [{from: 2024-01, value: 1.5}]}",
    ),
    Lever(
        key="controls.identity_checks",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        by=By.DISTRICT,
        unit=_MULTIPLE,
        high=10.0,
        default=1.0,
        moves=_moves(register__udi_expulsions="up"),
        basis="from the report",
        who_decides="the police districts",
        source="F 4.6; 10.2; tabell 10.1",
        meaning="Identity and street checks by police district, relative to 2019.",
        meaning_nb="Identitets- og gatekontroller etter politidistrikt, i forhold til 2019.",
        mechanisms=("M060", "M061", "M062", "M074", "M077"),
        identity="district and month",
        fields=("identity_checks",),
        example="{Oslo: 2.0}",
    ),
    Lever(
        key="controls.penal_priority",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="multiple of 2019",
        high=10.0,
        default=1.0,
        moves=_moves(stock__marginalisert="down"),
        basis="from the report",
        who_decides="the police and PU",
        source="F 4.6; 9.1",
        meaning="How strongly the police put persons with penal offences first.",
        meaning_nb="Hvor sterkt politiet prioriterer personer med straffbare forhold.",
        mechanisms=("M074", "M075", "M077"),
        fields=("penal_priority",),
        example="1.5",
    ),
    Lever(
        key="police.no_removal_when_reporting",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=False,
        moves=_moves(offences_reported="up", violent_relation_person_months="down"),
        basis="from the report",
        who_decides="the ministry of justice and the police",
        source="F 9.2; tabell 9.2",
        meaning="Whether persons who report a crime against them are safe from removal because of it.",
        meaning_nb="Om personer som anmelder et lovbrudd mot seg, er trygge mot å bli sendt ut av den grunn.",
        mechanisms=("M038", "M066", "M099"),
        fields=("no_removal_when_reporting",),
        example="[{from: 2024-01, value: true}]",
    ),
    Lever(
        key="detention.capacity",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="places",
        high=2000.0,
        default=220.0,
        moves=_moves(detention_days="up"),
        basis="by construction",
        who_decides="the Storting (budget) and PU",
        source="F 10.2 (Trandum); the number of places is an assumption, grade D",
        meaning="Places in the police immigration detention centre.",
        meaning_nb="Plasser på politiets utlendingsinternat.",
        mechanisms=("M060", "M061"),
        fields=("detention_capacity",),
        example="[{from: 2024-01, value: 300}]",
    ),
    Lever(
        key="assisted_return.support_nok",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="NOK per person",
        high=500_000.0,
        default=20_000.0,
        moves=_moves(exit__assistert_retur="up"),
        basis="from the report",
        who_decides="the ministry of justice and UDI",
        source="F 2.1 footnote 5; the amount is an assumption, grade D",
        meaning="Support paid to a person who leaves by assisted return.",
        meaning_nb="Støtte til en person som reiser med assistert retur.",
        mechanisms=("M004",),
        fields=("assisted_support_nok",),
        example="[{from: 2024-01, value: 50000}]",
    ),
    Lever(
        key="assisted_return.open_to_all",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        unit="true or false",
        default=False,
        moves=_moves(exit__assistert_retur="up"),
        basis="from the report",
        who_decides="the ministry of justice and UDI",
        source="F 2.1 footnote 4",
        meaning="Whether persons who never sought asylum can have assisted return.",
        meaning_nb="Om personer som aldri har søkt asyl, kan få assistert retur.",
        mechanisms=("M005", "M006"),
        fields=("assisted_open_to_all",),
        example="true",
    ),
    Lever(
        key="assisted_return.information",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit="multiple of 2019",
        high=10.0,
        default=1.0,
        moves=_moves(exit__assistert_retur="up"),
        basis="from theory",
        who_decides="UDI, with NGOs",
        source="F 2.1; strength is an assumption, grade D",
        meaning="Information and counselling on assisted return, relative to 2019.",
        meaning_nb="Informasjon og rådgivning om assistert retur, i forhold til 2019.",
        mechanisms=("M001", "M004"),
        fields=("assisted_information",),
        example="2",
    ),
    Lever(
        key="regularisation",
        section="levers",
        kind=Kind.SCHEMES,
        holds=Holds.NUMBER,
        unit="years",
        high=100.0,
        default=(),
        moves=_moves(exit__regularisert="up"),
        basis="by construction",
        who_decides="the Storting and the ministry of justice",
        source="F 2.1; T05, T39",
        meaning="Schemes that give legal stay to those who meet the conditions: the amnesty of 2004 and the "
        "one in preparation in 2021 (16 years; age and years together 64; no conviction) are examples.",
        meaning_nb="Ordninger som gir lovlig opphold til dem som fyller vilkårene: amnestiet i 2004 og "
        "ordningen under arbeid i 2021 (16 år; alder og botid 64 til sammen; ikke straffedømt) er eksempler.",
        mechanisms=("M095", "M097"),
        parts=_SCHEME_PARTS,
        identity="from",
        merge="added; the same from replaces; min_years null removes",
        fields=("regularisation",),
        example="[{from: 2023-01, min_years: 16, min_age_plus_years: 64, no_conviction: true, "
        "sought_asylum_only: true, families_only: false}]",
    ),
    Lever(
        key="municipal.shelter",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        by=By.CITY,
        unit="beds per night",
        high=2000.0,
        default=0.0,
        moves=_moves(roofless_person_months="down"),
        basis="by construction",
        who_decides="the municipality (money and rooms) and NGOs (running it)",
        source="F 7.4; 7.5; T31",
        meaning="Beds in emergency shelter open to persons without legal stay; shared with poor visitors from the EEA.",
        meaning_nb="Senger i akuttovernatting åpen for personer uten lovlig opphold; delt med fattige "
        "tilreisende fra EØS.",
        mechanisms=("M048", "M049", "M105"),
        identity="city and month",
        fields=("shelter_beds",),
        example="{Bergen: 32}",
    ),
    Lever(
        key="municipal.nav_emergency_help",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.OPTION,
        by=By.CITY,
        unit="rule",
        default="rule_2014",
        options=NAV_RULES,
        no_direction="help eases the fall and lengthens it; the report holds that municipalities can do "
        "little about numbers (F 11.1)",
        who_decides="the ministry of labour (regulation), the municipality (NAV practice)",
        source="F 2.1; 2.3; 9.2 footnote 47; T06, T14, T29",
        meaning="Emergency help from NAV: rule_2004 (vital help in an acute crisis), rule_2014 (only until "
        "the person can leave, and co-operation can be demanded), wide (until return is possible).",
        meaning_nb="Nødhjelp fra NAV: rule_2004 (livsviktig hjelp i akutt krise), rule_2014 (bare til "
        "personen kan reise, og medvirkning kan kreves), wide (til retur er mulig).",
        mechanisms=("M048", "M051", "M052", "M105"),
        identity="city and month",
        fields=("nav_emergency_help",),
        example="{Stavanger: [{from: 2024-01, value: wide}]}",
    ),
    Lever(
        key="municipal.alternative_placement",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        by=By.CITY,
        unit="true or false",
        default=False,
        moves=_moves(roofless_person_months="down"),
        basis="from theory",
        who_decides="UDI (allows it), the municipality (offers it)",
        source="F 7.2; T38",
        meaning="Whether persons with a final rejection may live in housing of the city instead of a centre.",
        meaning_nb="Om personer med endelig avslag kan bo i kommunens bolig (alternativ mottaksplassering) i "
        "stedet for på mottak.",
        mechanisms=("M025", "M105"),
        identity="city and month",
        fields=("alternative_placement",),
        example="{Bergen: true}",
    ),
    Lever(
        key="municipal.health_model",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.OPTION,
        by=By.CITY,
        unit="model",
        default="none",
        options=HEALTH_MODELS,
        no_direction="the models differ in whom they reach, and have no order",
        who_decides="the municipality and NGOs",
        source="F 5.2; 5.3; T09, T13, T21, T25",
        meaning="Primary health care: ngo_centre (a centre run by volunteers), municipal_asylum_only "
        "(refugee health team for former asylum seekers), municipal_open (municipal care for all without "
        "legal stay), none.",
        meaning_nb="Primærhelsetjeneste: ngo_centre (helsesenter drevet av frivillige), "
        "municipal_asylum_only (flyktninghelseteam for tidligere asylsøkere), municipal_open (kommunalt "
        "tilbud for alle uten lovlig opphold), none (ingen).",
        mechanisms=("M100", "M101", "M105"),
        identity="city and month",
        fields=("health_model",),
        example="{Stavanger: [{from: 2024-01, value: municipal_open}]}",
    ),
    Lever(
        key="municipal.crisis_centre_admission",
        section="levers",
        kind=Kind.DATED,
        holds=Holds.TRUE_FALSE,
        by=By.CITY,
        unit="true or false",
        default=False,
        moves=_moves(violent_relation_person_months="down"),
        basis="from the report",
        who_decides="the municipality (crisis centres)",
        source="F 4.7; 9.2",
        meaning="Whether crisis centres admit persons without legal stay.",
        meaning_nb="Om krisesentre tar imot personer uten lovlig opphold.",
        mechanisms=("M037", "M038", "M054", "M105"),
        identity="city and month",
        fields=("crisis_centre_admission",),
        example="{Oslo: true}",
    ),
)
"""All levers, in the order of the contract."""


def _multiple(key: str, source: str, meaning: str, meaning_nb: str, mechanisms: tuple[str, ...]) -> Lever:
    """An assumption that multiplies its baseline path."""
    return Lever(
        key=key,
        section="assumptions",
        kind=Kind.DATED,
        holds=Holds.NUMBER,
        unit=_MULTIPLE,
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
            _REFERENCE,
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
        example="{from: 2020-03, to: 2021-12}",
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

REGISTRY: tuple[Lever, ...] = LEVERS + ASSUMPTIONS
"""Everything below ``levers`` and ``assumptions`` of a scenario."""


def find(name: str) -> Lever:
    """The lever or assumption of that name.

    Args:
        name: Key, with or without its section; the last part is enough where no two share it.

    Raises:
        KeyError: With the nearest names, if there is none or more than one.
    """
    exact = [lever for lever in REGISTRY if name in (lever.key, lever.path)]
    found = exact or [lever for lever in REGISTRY if lever.key.split(".")[-1] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise KeyError(f"{name!r} is more than one lever: {', '.join(lever.key for lever in found)}")
    from difflib import get_close_matches

    names = {lever.key: lever.key for lever in REGISTRY} | {lever.key.split(".")[-1]: lever.key for lever in REGISTRY}
    near = dict.fromkeys(names[close] for close in get_close_matches(name, names, n=3, cutoff=0.6))
    hint = f" (did you mean {' or '.join(near)}?)" if near else ""
    raise KeyError(f"no lever or assumption {name!r}{hint}")


def number_text(value: float) -> str:
    """A number without needless decimals: 5 rather than 5.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def range_text(lever: Lever | Part) -> str:
    """The accepted values in words, such as ``0 to 1``."""
    if lever.holds is Holds.NUMBER:
        return f"{number_text(lever.low)} to {number_text(lever.high)}"
    if lever.holds is Holds.TRUE_FALSE:
        return "true or false"
    if isinstance(lever, Lever) and lever.options:
        return ", ".join(lever.options)
    return {Holds.MONTH: "a month, YYYY-MM", Holds.COUNTRY: "a country", Holds.CENTRE: "a reception centre"}.get(
        lever.holds, "text"
    )


def default_text(lever: Lever) -> str:
    """The default in words, as it would be written in a scenario."""
    if lever.default is None:
        return "null"
    if isinstance(lever.default, bool):
        return "true" if lever.default else "false"
    if isinstance(lever.default, float):
        return number_text(lever.default)
    return "none" if lever.default == () else str(lever.default)


def explain(name: str, lang: str = "en") -> str:
    """One lever in plain words: meaning, unit, range, default, source, direction, who decides, mechanisms.

    Args:
        name: Key as for ``find``.
        lang: ``nb`` or ``en``, for the meaning.

    Raises:
        KeyError: If there is no such lever.
    """
    lever = find(name)
    lines = [lever.path, f"  {lever.meaning_nb if lang == 'nb' else lever.meaning}"]
    if lever.parts and lever.kind is not Kind.YEARS:
        for part in lever.parts:
            need = "required" if part.required else "may be left out"
            unit = f", {part.unit}" if part.unit else ""
            lines.append(f"  - {part.name}: {range_text(part)}{unit} ({need}). {part.meaning}")
    else:
        lines.append(f"  values: {range_text(lever)} ({lever.unit})")
    if lever.by:
        lines.append(f"  set by: {lever.by.value}")
    lines.append(f"  default: {default_text(lever)}")
    if lever.moves:
        arrows = "; ".join(f"{outcome} {sign}" for outcome, sign in lever.moves.items())
        lines.append(f"  raising it moves: {arrows} ({lever.basis})")
    else:
        lines.append(f"  no direction: {lever.no_direction}")
    lines.append(f"  who decides: {lever.who_decides}")
    lines.append(f"  source: {lever.source}")
    lines.append(f"  mechanisms: {', '.join(lever.mechanisms) or 'none'}")
    lines.append(f"  in a child: {lever.merge} (identity: {lever.identity})")
    lines.append(f"  example: {lever.key.split('.')[-1]}: {lever.example}")
    return "\n".join(lines)
