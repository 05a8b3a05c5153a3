"""The report of a comparison: what stands on it, what never does, and that it works in a browser by itself."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import shutil
import subprocess
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import comparison_frames
from irregsim.model.parameters import GROUPS
from irregsim.present.pages.compare import render_report
from irregsim.present.pages.compare_facts import PANELS
from irregsim.present.pages.compare_script import SCRIPT
from irregsim.present.pages.compare_tables import slug
from irregsim.present.pages.compare_twins import TWINS
from irregsim.present.plots import compare as compare_plots
from irregsim.present.words import is_uncounted, is_very_little, outcome_words, state_words
from irregsim.study.comparison.costs import PARTIES, all_costs
from irregsim.vocabulary.codes import CITIES, HIDDEN
from irregsim.vocabulary.labels import label, labels
from irregsim.vocabulary.numbers import number, percent
from test_labels import BANNED

pytestmark = pytest.mark.once

FRAMES = comparison_frames.frames()
LABELS = list(labels().values())
PICTURES = [
    {
        "name": f"compare-{kind}",
        "kind": kind,
        "section": next(one.section for one in compare_plots.PICTURES if one.name == kind),
        "scenario": "",
        "alt": f"{kind} of all. More.",
        "png": b"png",
    }
    for kind in ("main", "forest", "fans", "displacement", "registers", "twins")
]


class Reader(HTMLParser):
    """Tags with their attributes, text of the page, headings in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._goes_on = False  # a word that is set apart (bdi) begins or has just ended: no new word
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._goes_on = tag == "bdi"
        if tag == "bdi":
            return
        if tag not in ("meta", "img", "br", "link"):
            self._open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag):
        self._goes_on = tag == "bdi"
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data):
        if self._open and self._open[-1] in ("style", "script"):
            return
        if self._goes_on and self.words:
            self.words[-1] += data
        else:
            self.words.append(data)
        if self._open and re.fullmatch("h[1-6]", self._open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def part(text: str, name: str) -> str:
    """A part of the page by its id, up to the next part."""
    parts = re.split(r'(?=<h2 (?:class="sheet" )?id=|<details id=)', text)
    (found,) = (one for one in parts if re.match(rf'<\w+ (?:class="sheet" )?id="{name}"', one))
    return found


def report(frames=FRAMES, **more) -> str:
    return render_report(frames, comparison_frames.about(pictures=PICTURES, **more))


@cache
def page(lang: str) -> str:
    """The page of both scenarios, made once."""
    return report(lang=lang)


@pytest.fixture(scope="module")
def english() -> str:
    return page("en")


def test_the_page_asks_for_nothing_from_outside(english: str) -> None:
    reader = Reader(english)
    for tag, attributes in reader.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    assert "http://" not in english and "https://" not in english and "url(" not in english and "@import" not in english
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = next(a["content"] for t, a in reader.tags if t == "meta" and a.get("http-equiv"))
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    assert f"<script>{SCRIPT}</script>" in english


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_first_page_has_four_equal_panels_and_no_index_over_them(lang: str) -> None:
    text = page(lang)
    first = text[text.index('class="panels"') : text.index('<nav class="contents"')]
    names = [label(f"compare.panel_{panel}", lang) for panel in PANELS]
    assert re.findall(r'<h3 id="panel-[a-z]+">([^<]+)</h3>', first) == names and len(names) == 4
    assert f'<html lang="{lang}">' in text
    # Untranslated keys would show a dot between words.
    assert not re.search(r"\bcompare\.[a-z]", Reader(text).text)


def test_effects_are_told_with_their_interval_and_what_cannot_be_told_is_called_so(english: str) -> None:
    figures = FRAMES["key_figures"]
    text = Reader(english).text
    for row in figures.to_dict("records"):
        name = outcome_words(row["outcome"], "en")
        if row["verdict"] == "cannot tell":
            continue
        little = ", but very little" if is_very_little(row) else ""
        sentence = f"{name[0].upper()}{name[1:]}: {row['verdict']}{little}, "
        assert sentence + row["rounded_text_en"] in text
    one = report(scenarios=comparison_frames.SCENARIOS[:1])
    untold = [outcome_words(o, "en") for o in figures[figures["verdict"] == "cannot tell"]["outcome"].unique()]
    sentence = re.search(r"No clear direction in these replicates: ([^<]+)\.</p>", one)
    assert sentence is not None and "hidden population" in untold and "hidden population" in sentence[1]
    assert re.search(r"<td class=\"text\">no clear direction</td><td></td><td>160</td>", one)
    found = part(one, "findings")
    assert not re.search("Hidden population: (up|down)", found)


def test_the_first_screen_has_one_picture_and_the_rest_of_them_are_in_their_sections(english: str) -> None:
    first = english[: english.index("</header>")]
    assert first.count("<img") == 1 and "plots/compare-main.csv" in first
    assert "plots/compare-fans.csv" in part(english, "effects")
    assert "plots/compare-forest.csv" in part(english, "figures")


def test_tables_are_folded_and_what_shows_the_answer_is_not(english: str) -> None:
    shown = re.sub(
        r"<details.*?</details>", "", re.sub(r"<details>.*?</details>", "", english, flags=re.DOTALL), flags=re.DOTALL
    )
    for name in ("findings", "effects", "displacement", "measured", "limits", "again"):
        assert f'id="{name}"' in shown
    for name in ("figures", "costs", "evidence", "levers", "proof", "twins"):
        assert f'<details id="{name}"' in english and f'id="{name}"' not in shown


def test_missing_numbers_of_replicates_are_left_out() -> None:
    figures = FRAMES["key_figures"].assign(
        more_replicates=pd.array([pd.NA] * len(FRAMES["key_figures"]), dtype="Int64")
    )
    text = report({**FRAMES, "key_figures": figures})
    assert '<td class="text">no clear direction</td><td></td>' in text and "NA" not in Reader(text).text.split()


def test_no_level_of_the_hidden_population_is_on_the_page(english: str) -> None:
    text = Reader(english).text
    for level in ("14,400", "38,000", "64,000", "300,000", "6,800", "12,000"):
        assert level not in text, level
    assert label("compare.not_shown", "en") in text
    for lang in ("en", "nb"):
        assert label("sentence.hidden_levels", lang) in Reader(page(lang)).text


def test_small_cells_are_rounded_or_left_out(english: str) -> None:
    table = Reader(part(english, "displacement")).text
    assert "onward travel" in table.lower() and "+0.6" in table  # the inflow: 3 of 500
    assert f"{state_words('not here', 'en').capitalize()} “visible”" not in table
    assert "+80" in table and "21" not in re.findall(r"\b\d+\b", table)


def test_the_tables_of_the_page_say_what_the_frames_say(english: str) -> None:
    text = Reader(english).text
    assert "+40 (+10 – +70)" in text and "−15 (−25 – −5)" in text and "+55 (+30 – +80)" in text
    assert "45 %" in text and label("grade.D", "en") in text
    assert "+145 (+115 – +175)" in text  # in persons
    assert re.search(r"\+3\.60 % \(\+2\.8[45] – \+4\.3[45]\)", text)  # 144 (114 to 174) of 4,000
    assert "+1.00 % (+0.50 – +1.50)" in text  # beside a register, the hidden population: 144 of 14,400
    assert label("compare.third_displacement", "en") in text
    assert "levers.return_agreements.Eritrea" in text and "levers.municipal.shelter.Trondheim" in text


def test_proof_of_pairing_is_told_and_a_broken_one_is_not_hidden(english: str) -> None:
    assert label("compare.p_identical_yes", "en") in english
    assert label("compare.p_identical_no", "en") not in english
    proof = {
        name: {"first_effective_month": "2021-06", "identical_before": False} for name in comparison_frames.SCENARIOS
    }
    assert label("compare.p_identical_no", "en") in report(proof=proof)


def test_a_city_has_a_fact_sheet_of_what_it_can_change(english: str) -> None:
    sheet = Reader(part(english, "city-Bergen")).text
    can, _, rest = sheet.partition(label("compare.city_effects", "en"))
    cannot = rest.partition(label("compare.city_cannot", "en"))[2]
    assert "emergency shelter" in can and "Emergency help from NAV" in can and "agreement" not in can
    assert "agreement" in cannot.lower() and "Emergency help from NAV" not in cannot
    assert label("compare.city_note", "en") in sheet
    row = "NIBR&#39;s definition, in total</th><td>no clear direction</td><td></td></tr>"
    assert row in part(english, "city-Bergen")
    assert "city-Oslo" not in english


def test_twins_have_both_lives_as_a_table_and_no_more_than_the_chooser_holds(english: str) -> None:
    twins = part(english, "twins")
    assert twins.count('<article class="twin"') == 2 * 8 <= 2 * TWINS
    first = Reader(twins[twins.index("<article") : twins.index("</article>")])
    assert "2021-09" in first.text and state_words("arbeidende", "en") in first.text
    assert label("cause.pu_fetch", "en") in first.text
    # A life tells no other attribute.
    assert not re.search("Eritrea|Etiopia|Somalia|citizen", first.text)


def test_headings_alternative_texts_and_tables_are_accessible(english: str) -> None:
    for text in (report(scenarios=comparison_frames.SCENARIOS[:1]), english):
        reader = Reader(text)
        levels = [level for level, _ in reader.headings]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(text.strip() for _, text in reader.headings)
    images = [attributes for tag, attributes in reader.tags if tag == "img"]
    assert len(images) == len(PICTURES) and all(len(str(image["alt"])) > 10 for image in images)
    assert english.count("<table") == english.count("<caption>") > 10
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    assert len(links) > 10 and {str(link)[1:] for link in links} <= set(ids)


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_no_banned_word_no_best_scenario_no_alarm_colour(lang: str) -> None:
    text = page(lang)
    words = Reader(text).text
    assert BANNED.search(words) is None
    assert not re.search(r"\bbest\b|\bworst\b|\bbeste\b|\bverste\b|\boptimal|\bscore\b", words, re.IGNORECASE)
    assert not re.search(r"(?<![\w-])(red|green)\b|#f00|#ff0000|#0f0", text[: text.index("</style>")])


def test_parts_without_tables_are_left_out() -> None:
    text = render_report({"key_figures": FRAMES["key_figures"]}, comparison_frames.about(cities=()))
    for gone in ("displacement", "twins", "lives", "evidence", "measured", "costs"):
        assert f' id="{gone}"' not in text and f'href="#{gone}"' not in text
    for there in ("findings", "figures", "levers", "proof", "limits", "again"):
        assert part(text, there)


def test_a_share_without_an_error_has_none_on_the_page() -> None:
    table = FRAMES["evidence"]
    text = report({**FRAMES, "evidence": table.assign(error=table["error"].where(table["group"] != "chance"))})
    rows = dict(
        re.findall(
            r'<th scope="row">(Random variation|Exits)</th><td class="text">[^<]*</td><td>[^<]*</td><td>([^<]*)<', text
        )
    )
    assert rows["Random variation"] == "" and rows["Exits"] == percent(0.05, "en")
    # A group that does not differ clearly from random variation has no row; with thirty outcomes they would fill
    # fifty pages.
    assert not re.search(r'<th scope="row">Reception</th><td class="text">D', text)


def test_costs_are_told_in_natural_units_and_money_only_with_a_source() -> None:
    row = {"scenario": comparison_frames.SCENARIOS[0], "item": "bed", "outcome": "outcome:centre_bed_days",
           "unit": "days",
           "carrier": "state", "receiver": "", "mean": 100.0, "lo": 50.0, "hi": 150.0, "amount": float("nan"),
           "amount_year": "", "nok_mean": float("nan"), "nok_lo": float("nan"), "nok_hi": float("nan"), "source": "",
           "grade": ""}  # fmt: skip
    priced = {**row, "nok_mean": 5e4, "nok_lo": 2e4, "nok_hi": 7e4, "source": "a table", "grade": "B", "carrier": "NGO"}
    costs = pd.DataFrame([row, priced])
    text = Reader(report({**FRAMES, "costs": costs})).text
    assert "+50 – +150" in text and "+20,000 – +70,000" in text and "a table (B)" in text
    assert text.count(label("compare.no_source", "en")) == 1


def test_titles_are_set_apart_from_the_words_around_them() -> None:
    turned = "x \u202e y"
    titles = {name: {"nb": turned, "en": turned} for name in ("baseline", *comparison_frames.SCENARIOS)}
    for lang in ("nb", "en"):
        text = report(titles=titles, lang=lang)
        body = re.sub(
            "<title>.*?</title>|<[^>]*>", lambda tag: tag[0] if "bdi" in tag[0] else "", text, flags=re.DOTALL
        )
        assert body.count(turned) == body.count(f"<bdi>{turned}</bdi>") > 10
        assert "\ufdd0" not in text and "\ufdd1" not in text
        attributes = "".join(str(value) for _, all_ in Reader(text).tags for value in all_.values())
        assert attributes.count("\u2068") == attributes.count("\u2069") > 0


def test_titles_are_escaped() -> None:
    titles = {name: {"nb": "<b>x</b>", "en": "<b>x</b>"} for name in ("baseline", *comparison_frames.SCENARIOS)}
    text = report(titles=titles)
    assert "<b>x</b>" not in text and "&lt;b&gt;x&lt;/b&gt;" in text


def test_a_trial_and_draws_that_are_not_calibrated_say_so(english: str) -> None:
    assert label("sentence.prior_draws", "en") not in english and "Trial run" not in english
    text = report(scale=0.1, caveat="sentence.prior_draws", draws="prior")
    assert label("sentence.prior_draws", "en") in text and "Trial run: the population is 0.10 times" in text


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_chooser_shows_one_twin_at_a_time_in_a_browser(english: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(english, encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    answer = subprocess.run(
        [*command, "--enable-logging=stderr", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Content Security Policy" not in answer.stderr
    assert answer.stdout.count("<select") == 2 and answer.stdout.count("<option") == 16
    assert len(re.findall(r'<article class="twin"[^>]*hidden', answer.stdout)) == 14
    assert english.count("<select") == 0


#: Names of files and codes of a scenario file, which are the same in every language, and words that both have.
ALLOWED = {"flows", "flow", "synlig", "tvangsretur"}


def told(lang: str) -> set[str]:
    """Every text of a cell, heading, caption or item, in small letters; twins are told in sentences of labels."""
    found = {" ".join(words.split()).strip(" .:").lower() for words in Reader(page(lang)).words}
    return {words for words in found if re.search("[a-zæøå]{3}", words)}


@pytest.mark.parametrize(("lang", "other"), [("nb", "en"), ("en", "nb")])
def test_no_word_of_the_other_language_is_on_the_page(lang: str, other: str) -> None:
    here = {row[lang].lower().strip(" .:") for row in LABELS}
    foreign = {row[other].lower().strip(" .:") for row in LABELS} - here - ALLOWED
    texts = told(lang)
    assert texts & foreign == set()
    # Also inside a sentence, where a name has words enough not to be chance.
    names = [one for one in foreign if len(one.split()) > 1 and "{" not in one]
    together = "\n".join(texts)
    assert {one for one in names if one in together and re.search(rf"\b{re.escape(one)}\b", together)} == set()
    # The test can fail: the other page is full of them.
    assert len(told(other) & foreign) > 50


def test_what_an_outcome_is_carried_by_and_what_parameters_are_about_has_words() -> None:
    for name in GROUPS:
        assert f"compare.group_{slug(name)}" in labels()
    for party in PARTIES:
        assert f"compare.party_{slug(party)}" in labels()
    for cost in all_costs():
        assert cost.amount is None or f"compare.source_{slug(cost.source)}" in labels()


def test_levels_are_shown_to_those_who_ask_as_intervals_with_the_sentence(english: str) -> None:
    frames = {**FRAMES, "levels": comparison_frames.levels()}
    for lang in ("en", "nb"):
        interval = f"{number(4000, lang)} – {number(14405, lang)}"
        text = report(frames, show_levels=True, lang=lang)
        section = part(text, "hidden-levels")
        assert label("sentence.hidden_levels", lang) in section
        # Every December of five rows (four strategies and all) and three scenarios; no city, no country.
        assert section.count(interval) == 2 * 5 * 3
        assert not any(label(f"city.{city}", lang) in section for city in CITIES)
    # Not asked for, not shown, even where the table is there.
    assert "14,405" not in report(frames) and "hidden-levels" not in english


def test_no_number_stands_beside_an_index_of_the_same(english: str) -> None:
    """Persons beside percent of the same are a level: so what nobody counts is in percent wherever it stands."""
    text = Reader(english).text
    exact = comparison_frames.exact()
    for table in ("key_figures", "cities"):
        for row in exact[table].to_dict("records"):
            if is_uncounted(row["outcome"]):
                assert row["verdict"] == "cannot tell" or row["rounded_text_en"] not in text, row["outcome"]
    balance = part(english, "displacement")
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="text">(persons|percent)</td>', unescape(balance))
    units = {row["state"]: "persons" for row in exact["balance"].to_dict("records")}
    units |= dict.fromkeys([*HIDDEN, "videre", "dod", "inflow"], "percent")
    known = {state_words(state, "en").lower(): unit for state, unit in units.items()}
    assert len(rows) > 8 and all(known[name.lower()] == unit for name, unit in rows)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_on_paper_the_first_page_has_the_four_panels_and_the_twin_is_shown(english: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    # A page that tells what would be printed: heights in the print layout of A4 less its margins.
    script = (
        "<script>const mm = 96 / 25.4, first = document.querySelector('.first').getBoundingClientRect();"
        "document.title = `${first.height / mm} ${document.querySelector('.chooser') ? 1 : 0}`;</script>"
    )
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", english)
    text = text.replace("@media print", "@media screen").replace("</body>", f"{script}</body>")
    path.write_text(text, encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    answer = subprocess.run(
        [*command, "--window-size=688,1017", "--dump-dom", path.as_uri()],  # 182 by 269 mm
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    height, chooser = re.findall(r"<title>([\d.]+) (\d)</title>", answer.stdout)[0]
    assert 60 < float(height) < 269 and chooser == "1"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_the_summary_printed_alone_is_one_page_however_long_it_is(english: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    # Prints when the page is there, and stays as it is printed; many scenarios more than it has.
    script = "window.print = () => { throw new Error('as printed'); }; document.querySelector('button.print').click();"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", english)
    answers = re.findall(r'<section class="answer".*?</section>', text, re.DOTALL)
    text = text.replace(answers[0], answers[0] * 12).replace("</body>", f"<script>{script}</script></body>")
    path.write_text(text, encoding="utf-8")
    paper = tmp_path / "summary.pdf"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [str(CHROMIUM), *flags, "--no-pdf-header-footer", f"--print-to-pdf={paper}", path.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", paper.read_bytes())) == 1


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_two_scenarios_are_printed_on_few_pages_because_what_is_folded_is_not(english: str, tmp_path: Path) -> None:
    printed = []
    for name, text in (("folded", english), ("open", english.replace("<details", "<details open"))):
        path, paper = tmp_path / f"{name}.html", tmp_path / f"{name}.pdf"
        path.write_text(text, encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        command = [str(CHROMIUM), *flags, "--no-pdf-header-footer", f"--print-to-pdf={paper}", path.as_uri()]
        subprocess.run(command, capture_output=True, timeout=120, check=True)
        printed.append(len(re.findall(rb"/Type\s*/Page[^s]", paper.read_bytes())))
    assert 2 < printed[0] <= 12 and printed[1] > printed[0]
