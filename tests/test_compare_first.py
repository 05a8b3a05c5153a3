"""The first screen of a comparison: what was asked, the answer in a sentence, and the effects that matter."""

from __future__ import annotations

import re
from html import unescape

import pandas as pd
import pytest

import comparison_frames
from irregsim.present.headline import answer
from irregsim.present.main_effects import HIDDEN, LEAST, MOST, main_effects, meant, subject
from irregsim.present.pages.compare import render_report
from irregsim.present.pages.compare_facts import Facts
from irregsim.present.pages.compare_first import MOST_LEVERS, MOST_LEVERS_EACH, levers_told
from irregsim.present.words import is_very_little, lever_name, lever_value, plain_words, unequal_periods, verdict_words
from irregsim.scenario import diff_rows, load_scenario
from irregsim.scenario.levers import REGISTRY
from irregsim.study.comparison.key_figures import PANELS
from irregsim.vocabulary.labels import label

pytestmark = pytest.mark.once

RETURN = {"key": "levers.assisted_return.support_nok", "from": "2021-06", "to": "2024-12", "reference": "15000",
          "value": "40000"}  # fmt: skip
CENTRE = {"key": "levers.reception_centres.open.Øst samlet", "from": "2021-06", "to": "2024-12", "reference": "true",
          "value": "false"}  # fmt: skip


def row(outcome: str, certainty: str = "no clear direction", mean: float = 12.0, **more: object) -> dict[str, object]:
    """A row of key figures as readers see it."""
    told = certainty in ("clear", "probable")
    panel = next(panel for panel, names in PANELS.items() if outcome in names)
    return {
        "scenario": "agreement-x", "outcome": outcome, "panel": panel, "unit": "persons", "kind": "sum",
        "since": "2021-06", "to": "2024-12", "reference_mean": 100.0, "mean": mean, "lo": mean - 6, "hi": mean + 6,
        "percent_lo": mean - 6, "percent_hi": mean + 6, "share_positive": 0.9, "share_negative": 0.1, "mc_se": 1.0,
        "verdict": "cannot tell" if not told else "up" if mean > 0 else "down", "certainty": certainty,
        "false_discovery": 0.01, "n": 40, **more,
    }  # fmt: skip


def test_what_levers_are_declared_to_move_is_known_for_every_lever_that_declares_it() -> None:
    for lever in REGISTRY:
        wanted = {name if ":" in name else f"outcome:{name}" for name, way in lever.moves.items() if way != "none"}
        assert set(meant([{"key": f"{lever.path}.x"}])) == set(meant([{"key": lever.path}])) == wanted
    assert meant([RETURN], ["stock:synlig"]) == ("stock:synlig", "exit:assistert_retur")
    assert meant([{"key": "levers.no.such"}]) == ()


def test_a_declared_outcome_is_a_main_effect_whatever_else_is_clear() -> None:
    others = ["stock:synlig", "exit:tvangsretur", "exit:videre", "exit:bortvist", "outcome:care_received"]
    rows = [row("exit:assistert_retur"), *(row(one, "clear") for one in others), row(HIDDEN)]
    found = [one["outcome"] for one in main_effects(rows, meant([RETURN]))]
    assert found[0] == "exit:assistert_retur" and found[-1] == HIDDEN and len(found) == MOST
    # Of what counts the same persons, one is enough.
    rows += [row("register:assisted_returns", "clear"), row("index:hidden", "clear")]
    found = [str(one["outcome"]) for one in main_effects(rows, meant([RETURN]))]
    assert len({subject(one) for one in found}) == len(found) == MOST


def test_the_surest_comes_first_and_little_is_filled_up() -> None:
    rows = [row("exit:videre", "probable"), row("exit:bortvist", "clear"), row(HIDDEN)]
    assert [one["outcome"] for one in main_effects(rows, ())] == ["exit:bortvist", "exit:videre", HIDDEN]
    rows = [row("stock:synlig"), row("exit:tvangsretur"), row("exit:videre"), row(HIDDEN)]
    assert [one["outcome"] for one in main_effects(rows, ())][-1] == HIDDEN
    assert len(main_effects(rows, ())) == LEAST
    assert main_effects([], ()) == []


def test_what_a_scenario_is_for_is_told_before_what_follows_from_it_and_is_in_the_title() -> None:
    # Legal stay is what the scenario expects; what follows from it has smaller intervals.
    follows = ["stock:avhengig", "exit:tvangsretur", "stock:synlig"]
    rows = [*(row(one, "clear", -30.0, false_discovery=0.001) for one in follows), row(HIDDEN, "clear", -10.0)]
    rows.append(row("exit:regularisert", "clear", 130.0, false_discovery=0.04))
    own = ["exit:regularisert", *follows]
    assert main_effects(rows, own)[0]["outcome"] == "exit:regularisert"
    assert answer(rows, own, "en", short=True).startswith("The number who obtain legal stay clearly rises")
    # What is only probable does not come before what is clear.
    rows[-1] = row("exit:regularisert", "probable", 130.0)
    assert main_effects(rows, own)[0]["outcome"] == "stock:avhengig"


@pytest.mark.parametrize(("lang", "few"), [("en", "by fewer than 5 persons"), ("nb", "med færre enn 5 personer")])
def test_few_are_told_with_what_they_are(lang: str, few: str) -> None:
    text = answer([row("stock:synlig", "clear", -2.0, lo=-3.0, hi=-1.0, kind="mean")], ["stock:synlig"], lang)
    assert text.endswith(few)


def test_the_answer_tells_sizes_grades_and_what_has_no_direction() -> None:
    rows = [
        row("exit:assistert_retur", "clear", 36.0),
        row("exit:videre", "probable", -36.0),
        row(HIDDEN, unit="percent"),
    ]
    text = answer(rows, meant([RETURN]), "en")
    assert text == (
        "The number of assisted returns clearly rises, by 10 persons a year (36 %); "
        "the number who travel on or return unassisted probably falls, by 10 persons a year (36 %); "
        "no clear change in the hidden population"
    ).replace(" %", "\N{NO-BREAK SPACE}%")
    assert "går klart opp, med 10 personer i året" in answer(rows, meant([RETURN]), "nb")
    few = [row("exit:assistert_retur", "clear", 2.0, lo=1.0, hi=3.0)]
    assert "by fewer than 5" in answer(few, meant([RETURN]), "en") and "%" not in answer(few, meant([RETURN]), "en")


def test_few_a_year_are_told_in_all_and_not_rounded_up_to_five_a_year() -> None:
    """Fifteen in 43 months are four a year: five a year would be eighteen in all."""
    few = row("exit:tvangsretur", "clear", -15.0, lo=-35.0, hi=-5.0)
    assert "by 15 persons in total" in answer([few], (), "en") and "med 15 personer i alt" in answer([few], (), "nb")
    facts = Facts(comparison_frames.frames(), comparison_frames.about())
    assert facts.a_year(few) == "", "the table says the total alone"
    many = row("exit:tvangsretur", "clear", -36.0, lo=-50.0, hi=-25.0)
    assert "by 10 persons a year" in answer([many], (), "en") and facts.a_year(many)


@pytest.mark.parametrize(("mean", "lo", "hi", "tiny"), [
    (-0.1, -0.2, -0.05, True), (-0.8, -0.9, -0.7, True), (-0.8, -1.1, -0.5, False), (-3.0, -4.0, -2.0, False),
])  # fmt: skip
def test_a_certain_effect_of_no_size_is_said_to_be_very_little(mean: float, lo: float, hi: float, tiny: bool) -> None:
    for unit, times in (("percent", 1.0), ("persons", 1000.0)):
        ends = {"lo": lo * times, "hi": hi * times, "percent_lo": lo, "percent_hi": hi}
        one = row(HIDDEN, "clear", mean * times, unit=unit, reference_mean=100.0 * times, **ends)
        assert ("clearly falls, but very little: " in answer([one], (), "en")) is tiny
        assert ("går klart ned, men svært lite: " in answer([one], (), "nb")) is tiny
        # The table beside the sentence gives the same grade, and so do the findings.
        assert verdict_words(one, "en") == "clearly down" + (", but very little" if tiny else "")
        assert verdict_words(one, "nb") == "klart ned" + (", men svært lite" if tiny else "")
        page = whole("en", RETURN, rows=[one])
        assert ("Clearly down, but very little" in page) is ("down, but very little, " in page) is tiny
        assert ("very little: " in page.partition("Four aspects")[2]) is tiny
    assert not is_very_little({**one, "reference_mean": 0.0}), "nothing to measure it by"


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_effects_without_a_direction_are_not_said_to_be_due_to_the_scenario(lang: str) -> None:
    """Above «no clear direction» nothing may say that each difference is the scenario's doing; what the words mean is
    said where they are."""
    page = first(lang, RETURN, rows=[row("exit:assistert_retur"), row(HIDDEN, unit="percent")])
    assert {"en": "due to the scenario", "nb": "skyldes"}[lang] not in page
    assert {"en": "identical until the scenario changes something", "nb": "helt til scenarioet endrer noe"}[
        lang
    ] in page
    assert {"en": "No clear direction: the replicates do not show", "nb": "Ingen klar retning: gjentakene viser ikke"}[
        lang
    ] in page


def test_what_is_counted_in_time_is_named_as_time_and_no_effect_without_a_noun() -> None:
    """«Exploitative work clearly falls, by 8 percent» leaves open what of it falls."""
    time = {"en": ("the time ", "how long "), "nb": ("tiden ", "hvor lenge ")}
    nouns = {"en": ("the ", "how "), "nb": ("antallet", "summen", "den ", "behovet", "helsehjelpen", *time["nb"])}
    for names in PANELS.values():
        for outcome in names:
            for lang in ("en", "nb"):
                assert plain_words(outcome, lang).startswith(nouns[lang]), (outcome, lang)
                if "person_months" in outcome or outcome.startswith("duration:"):
                    assert plain_words(outcome, lang).startswith(time[lang]), (outcome, lang)
    text = answer([row("outcome:exploitative_work_person_months", "clear", -8.0, unit="percent")], (), "en")
    assert text.startswith("The time in exploitative work clearly falls, by 8")


def test_where_nothing_is_clear_the_answer_says_so_of_what_the_lever_is_meant_to_move() -> None:
    rows = [row("exit:assistert_retur"), row("exit:tvangsretur"), row(HIDDEN)]
    text = answer(rows, meant([RETURN]), "en")
    assert text.startswith("No clear change in the number of assisted returns or the hidden population. No other")
    same = [row("exit:assistert_retur", "no difference", 0.0), row(HIDDEN)]
    assert "no change in the number of assisted returns" in answer(same, meant([RETURN]), "en").lower()


@pytest.mark.parametrize("lang", ["en", "nb"])
def test_a_lever_is_told_with_its_value_unit_and_dates(lang: str) -> None:
    name, value = lever_name(RETURN["key"], lang), lever_value(RETURN["key"], RETURN["value"], lang)
    assert label("lever_unit.nok_per_person", lang) in name
    assert re.fullmatch("40[^0-9]000", value)
    closed = f"{lever_name(CENTRE['key'], lang)}: {lever_value(CENTRE['key'], CENTRE['value'], lang)}"
    assert (
        closed
        == {"en": "Øst police district, all centres: closed", "nb": "Øst politidistrikt, alle mottak: stengt"}[lang]
    )
    page = first(lang, RETURN)
    assert name in page and " ".join(value.split()) in page
    assert {"en": "from June 2021 on", "nb": "fra og med juni 2021"}[lang] in page


def first(lang: str, *levers: dict[str, str], rows: list[dict[str, object]] | None = None) -> str:
    """Text of the page up to the contents."""
    return whole(lang, *levers, rows=rows, to='<nav class="contents"')


def whole(lang: str, *levers: dict[str, str], rows: list[dict[str, object]] | None = None, to: str = "</html>") -> str:
    """Text of the page up to something."""
    frames = comparison_frames.frames()
    if rows is not None:
        frames["key_figures"] = pd.DataFrame(rows)
    about = comparison_frames.about(lang=lang, scenarios=("agreement-x",), levers={"agreement-x": list(levers)})
    text = render_report(frames, about)
    return " ".join(unescape(re.sub("<[^>]+>", " ", text[text.index("<h1") : text.index(to)])).split())


def test_values_of_several_parts_are_in_words_of_the_language():
    """Every part that shipped scenarios have of schemes and of the directive."""
    baseline = load_scenario("baseline")
    english = re.compile(r"years|conviction|asylum|families|back pay|duty|complaint")
    told = set()
    schemes = ("regularisation-2021", "regularisation-broad", "family-amnesty-2004")
    for name in (*schemes, "directive-with-complaint", "directive-without-complaint"):
        for row in diff_rows([baseline, load_scenario(name)]):
            if row["key"].startswith(("levers.regularisation", "levers.employer_sanctions_directive")):
                for value in list(row.values())[3:]:
                    told.add(value)
                    assert not english.search(lever_value(row["key"], value, "nb")), value
                    assert english.search(lever_value(row["key"], value, "en")) or value == "none"
                assert "(" not in lever_name(row["key"], "nb")
    assert len(told) > 4


def test_all_answers_come_before_the_picture_and_the_tables() -> None:
    text = render_report(comparison_frames.frames(), comparison_frames.about())
    text = text[text.index("<body") : text.index('<section class="four"')]
    places = [found.start() for kind in ("answer", "effects") for found in re.finditer(f'class="{kind}"', text)]
    assert len(places) == 2 * len(comparison_frames.SCENARIOS) and places == sorted(places)
    assert text.count("<table") == len(comparison_frames.SCENARIOS) and text.index("<table") > places[1]


def test_the_seventh_outcome_of_a_panel_is_there_when_the_lever_is_about_it() -> None:
    names = PANELS["presence"]
    assert names.index("exit:assistert_retur") >= 6
    rows = [row(one) for one in names]
    panels = first("en", RETURN, rows=rows).partition(label("compare.h_short", "en"))[2]
    assert plain_words("exit:assistert_retur", "en") in first("en", RETURN, rows=rows)
    assert "The number of assisted returns, in total" in panels
    assert "assisted returns, in total" not in first("en", CENTRE, rows=rows).partition("Four aspects")[2]


def test_many_levers_and_periods_are_cut_and_counted() -> None:
    levers = [{**RETURN, "key": f"levers.municipal.shelter.{city}"} for city in ("Oslo", "Bergen", "Trondheim",
              "Stavanger", "Kristiansand")]  # fmt: skip
    text = first("en", *levers)
    assert "Kristiansand" in text, "one line more takes the place of the line that would say so"
    text = first("en", *levers, CENTRE)
    assert "Kristiansand" not in text and label("compare.more_levers", "en").format(number=6 - MOST_LEVERS) in text
    both = Facts({}, comparison_frames.about(lang="en", levers={"agreement-x": levers}))
    told = levers_told(both, "agreement-x")
    assert told[MOST_LEVERS_EACH:] == [label("compare.more_levers", "en").format(number=5 - MOST_LEVERS_EACH)]


@pytest.mark.parametrize(
    ("lang", "trial", "months"),
    [
        ("nb", "Prøvekjøring: befolkningen er 0,10 ganger landets", "januar 2027: «Akuttovernatting i fem byer»"),
        ("en", "Trial run: the population is 0.10 times", "January 2027: “Emergency shelter in five cities”"),
    ],
)
def test_what_has_to_be_known_is_said_before_the_first_number(lang: str, trial: str, months: str) -> None:
    later = {"agreement-x": "2021-06", "shelter-y": "2027-01"}
    about = comparison_frames.about(lang=lang, scale=0.1, first_effective=later)
    text = unescape(render_report(comparison_frames.frames(), about))
    before = text[text.index("<h1") : text.index('class="answers"')]
    assert trial in before and months in before
    assert text.count(trial) == 1
    same = render_report(comparison_frames.frames(), comparison_frames.about(lang=lang))
    assert 'class="box before"' not in same


def test_scenarios_that_begin_in_one_month_and_a_sweep_need_no_note_on_months() -> None:
    about = comparison_frames.about(first_effective={"agreement-x": "2021-06", "shelter-y": "2027-01"})
    assert unequal_periods(about, "en").startswith(
        "The changes begin in different months (June 2021: “Return agreement"
    )
    assert unequal_periods({**about, "sweep": True}, "en") == ""
    assert unequal_periods(comparison_frames.about(), "en") == ""
    assert unequal_periods({**about, "first_effective": {"agreement-x": "2021-06", "shelter-y": None}}, "en") == ""


def test_the_page_carries_the_files_of_its_scenarios_escaped_and_how_it_is_cited() -> None:
    about = comparison_frames.about(
        yaml={"agreement-x": "title: <script>alert(1)</script> & more\n"}, date="2026-01-31"
    )
    text = render_report(comparison_frames.frames(), about)
    assert "title: &lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text and "<script>alert" not in text
    assert "0123456789abcdef, 2026-01-31, irregsim" in text
