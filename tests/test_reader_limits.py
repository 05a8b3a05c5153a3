"""What a scenario file may cost, and what its words may do: bounded faults and times, nothing raw on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from importlib.resources import files

import pytest
from click.testing import CliRunner

from irregsim.cli import main
from irregsim.inference.targets import read_targets
from irregsim.present.pages import _with_bdi, isolated
from irregsim.scenario import ScenarioError, load_scenario
from irregsim.scenario.faults import MOST_FAULTS, MOST_NEAR, Fault, plain
from irregsim.scenario.yaml_nodes import parse
from irregsim.study.comparison.costs import read_costs
from irregsim.vocabulary.reference import DataError, read_table

HEAD = "schema: 1\nname: t\nextends: baseline\n"
ESCAPE = "\x1b]0;x\x07"


def write(folder, text, name="t.yaml"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults_of(path, **how):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, **how)
    return caught.value.faults


# -- how many, and how long ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "levers: {" + ", ".join(f"fines{i}: 1" for i in range(20_000)) + "}\n",
        "levers:\n  return_agreements:\n" + "    - {country: Xyz, from: 2023-01, effectiveness: 0.6}\n" * 9_000,
        "\x01\n" * 200_000,
        "levers: {fines: {worker_nok: [" + "x, " * 30_000 + "]}}\n",
        "expects: [" + "x, " * 30_000 + "]\n",
        "assumptions: {asylum_rejections_per_year: {" + ", ".join(f"x{i}: 1" for i in range(20_000)) + "}}\n",
    ],
    ids=["keys", "countries", "control characters", "entries", "expectations", "years"],
)
def test_faults_of_a_file_are_bounded(tmp_path, text):
    path = write(tmp_path, HEAD + text)
    begun = time.process_time()
    faults = faults_of(path)
    assert len(faults) == MOST_FAULTS + 1
    assert faults[-1].message == f"{MOST_FAULTS} faults are listed; mend these first, since there may be more"
    assert sum("did you mean" in fault.message for fault in faults) <= MOST_NEAR
    assert max(map(len, map(str, faults))) < 1_000
    assert time.process_time() - begun < 10  # it was minutes, for near words of all


def test_near_words_are_looked_for_in_the_first_faults(tmp_path):
    wrong = ", ".join(f"worker_no{i}: 1" for i in range(30))
    faults = faults_of(write(tmp_path, HEAD + f"levers: {{fines: {{{wrong}}}}}\n"))
    assert [("did you mean" in fault.message) for fault in faults] == [True] * MOST_NEAR + [False] * 10


def test_a_child_and_its_parent_have_their_own_bound(tmp_path):
    many = "levers: {" + ", ".join(f"x{i}: 1" for i in range(300)) + "}\n"
    write(tmp_path, "schema: 1\nname: p\nextends: baseline\n" + many, "p.yaml")
    child = write(tmp_path, "schema: 1\nname: t\nextends: p.yaml\nlevers: {fines: {worker_nok: x}}\n")
    assert len(faults_of(child)) == MOST_FAULTS + 2
    assert len(faults_of("baseline", overrides=[f"levers={{{', '.join(f'x{i}: 1' for i in range(300))}}}"])) == 201


@pytest.mark.parametrize("place", ["title: a{}\n", "levers: {{a{}: 1}}\n", "levers: {{fines: {{worker_nok: a{}}}}}\n"])
def test_a_row_of_accents_takes_no_square_time(tmp_path, place):
    path = write(tmp_path, HEAD + place.format("\u0301\u0327" * 200_000))
    begun = time.process_time()
    (fault,) = faults_of(path)
    assert time.process_time() - begun < 10  # composed before it was measured, it took minutes
    assert len(str(fault)) < 1_000


def test_a_long_text_is_refused_before_it_is_composed(tmp_path):
    (fault,) = faults_of(write(tmp_path, HEAD + f"title: {'a' * 5_001}\n"))
    assert "title: is longer than 5000 letters" in str(fault)
    assert load_scenario(write(tmp_path, HEAD + f"title: {'e' + chr(0x301):*<5000}\n")).title["en"].startswith("\xe9*")


# -- where -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lever", "words"),
    [
        ("worker_nok: [{from: 2023-13, value: 5}]", "levers.fines.worker_nok[0].from: '2023-13' is not a month"),
        (
            "worker_nok: [{from: 2023-01, value: 5}, {from: 2024-01, value: x}]",
            "fines.worker_nok[1].value: must",
        ),
        ("worker_nok: [{from: 2040-01, value: 5}]", "levers.fines.worker_nok[0].from: 2040-01 is outside the period"),
        (
            "worker_nok: [{from: 2024-01, value: 5}, {from: 2010-01, value: 5}]",
            "worker_nok[1].from: 2010-01 is",
        ),
        ("worker_nok: [{value: 5}]", "levers.fines.worker_nok[0]: an entry without `from`"),
        ("worker_nok: [{from: 2024-01, value: 5, reference: ''}]", "levers.fines.worker_nok[0].reference: is empty"),
        ("worker_nok: [{from: 2024-01, value: 5}, 7]", "levers.fines.worker_nok[1]: an entry must look like"),
    ],
)
def test_a_fault_in_a_list_names_the_entry(tmp_path, lever, words):
    assert words in "\n".join(map(str, faults_of(write(tmp_path, HEAD + f"levers: {{fines: {{{lever}}}}}\n"))))


def test_a_fault_in_a_list_of_a_district_names_the_entry(tmp_path):
    text = HEAD + "levers: {controls: {identity_checks: {Oslo: [{from: 2040-01, value: 1}]}}}\n"
    assert "levers.controls.identity_checks.Oslo[0].from: 2040-01" in str(faults_of(write(tmp_path, text))[0])


# -- lines, tabs, what cannot be seen --------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize(
    "place", ["# note{}levers: {{fines: {{worker_nok: 9}}}}\n", "title: a{}b\n", 'title: "a{}b"\n']
)
def test_only_line_ends_end_a_line(tmp_path, letter, place):
    (fault,) = faults_of(write(tmp_path, HEAD + place.format(letter)))
    assert (fault.line, fault.message) == (4, f"line separator U+{ord(letter):04X}; delete it")
    assert fault.column == place.index("{}") + 1


def test_lines_end_as_on_every_system(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        (fault,) = faults_of(write(tmp_path, (HEAD + "title: \x01\n").replace("\n", end)))
        assert (fault.line, fault.column) == (4, 8)


@pytest.mark.parametrize(
    "text",
    [
        "description: |\n  Rates:\n  \tOslo\t5\n",
        "description: >-\n  Rates:\n  \tOslo\n",
        "levers: {fines: {\n\tworker_nok: 5}}\n",
    ],
)
def test_a_tab_that_is_no_indent_is_accepted(tmp_path, text):
    assert load_scenario(write(tmp_path, HEAD + text)).name == "t"


def test_a_tab_that_is_indent_is_named_where_it_is(tmp_path):
    text = HEAD + "description: |\n  a\n  \tb\nlevers:\n\tfines:\n\t\tworker_nok: 5\n"
    faults = faults_of(write(tmp_path, text))
    assert [(fault.line, fault.column) for fault in faults] == [(8, 1), (9, 1)]
    assert {fault.message for fault in faults} == {"tab used as indent; indent with spaces"}


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("levers: {fines: {worker_nok: 5000\u00a0}}", 34),
        ("levers: {fines: {worker_nok: \u200b5000}}", 30),
        ("levers: {fines: {worker_nok\u00a0: 5000}}", 28),
        ("assumptions: {inflow_pull: true\u00a0}", 32),
        ("levers: {fines: {worker_nok: [{from: 2024-01\ufeff, value: 5}]}}", 45),
        ("run: {seed: 5\u202f}", 14),
    ],
)
def test_what_cannot_be_seen_is_named_with_its_place(tmp_path, line, column):
    text = "\n".join(map(str, faults_of(write(tmp_path, f"{HEAD}{line}\n"))))
    letter = next(one for one in line if not one.isascii())
    assert f"(invisible character U+{ord(letter):04X}" in text and f"at column {column}; delete it)" in text
    assert "quotes" not in text


def test_a_point_for_thousands_is_warned_of(tmp_path):
    def warnings(number):
        return load_scenario(write(tmp_path, f"{HEAD}levers: {{fines: {{worker_nok: {number}}}}}\n")).warnings

    assert warnings("150.000") == (
        "levers.fines.worker_nok: 150.000 is 150, since a point begins the decimals; write 150000 if you mean that",
    )
    for plainly in ("150000", "150.5", "150.0000", "0.500", "1500.000"):
        assert warnings(plainly) == ()
    control = "levers: {controls: {workplace_inspections: 1.500}}\n"
    assert load_scenario(write(tmp_path, HEAD + control)).warnings == (), "no amount of money"


# -- what reaches a terminal or a page -------------------------------------------------------------------------------


def test_nothing_raw_reaches_the_terminal(tmp_path):
    def said(*arguments):
        done = CliRunner().invoke(main, list(arguments))
        assert not any(letter in done.output for letter in "\x1b\x07\u202e\u2066"), done.output
        return done

    assert said("validate", "baseline", "--set", f"{ESCAPE}=[1").exit_code == 2
    assert said("validate", "baseline", "--set", f"levers.{ESCAPE}=1").exit_code == 2
    assert said("validate", f"{ESCAPE}.yaml").exit_code == 2
    assert said("run", f"no{ESCAPE}").exit_code == 2
    name = f"a{ESCAPE}.yaml"
    good = write(tmp_path, HEAD + 'title: "a\\e]0;x\\a \\u202e"\nlevers: {fines: {worker_nok: 9}}\n', name)
    assert "OK" in said("validate", str(good)).output
    assert said("scenarios", "baseline").exit_code == 0


def test_plain_text_stays_as_it_is():
    assert plain("blåbær «ÆØÅ» – 5\u00a0%\n\t\u12a4") == "blåbær «ÆØÅ» – 5\u00a0%\n\t\u12a4"
    assert plain("a\x1b[31m\r\x9b\u202e\ud800\u2028b") == "a?[31m?????b"
    assert str(Fault("f\x1b", 1, 1, "p\x07", "m\u202e")) == "f?:1:1: p?: m?"


def test_a_terminal_that_lacks_letters_shows_every_fault(tmp_path):
    text = HEAD + "levers:\n  return_agreements:\n"
    text += "".join(
        f"    - {{country: {name}, from: 2023-01, effectiveness: 1}}\n" for name in ("\u12a4\u122d", "Narnia")
    )
    path = write(tmp_path, text)
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, "-m", "irregsim", "validate", str(path)], capture_output=True, env=environment
    )
    assert done.returncode == 2
    assert b"\\u12a4\\u122d" in done.stdout and b"Narnia" in done.stdout, done


def test_words_of_an_author_are_set_apart():
    mine = isolated("\u202eabc\ufdd1 <b>\ufdd0")
    page = f'<title>x {isolated("T")}</title><p title="{isolated("T")}">{isolated("&lt;b&gt;")}, y</p>'
    assert _with_bdi(page) == ('<title>x \u2068T\u2069</title><p title="\u2068T\u2069"><bdi>&lt;b&gt;</bdi>, y</p>')
    assert isolated("a\ufdd0b\ufdd1") == isolated("ab")
    assert mine.count("\ufdd0") == mine.count("\ufdd1") == 1


def test_a_document_with_many_bad_characters_is_refused_by_the_parser_too():
    with pytest.raises(ScenarioError) as caught:
        parse("\x01\n" * 1_000, "x")
    assert len(caught.value.faults) == MOST_FAULTS + 1
    assert replace(caught.value.faults[-1], message="") == Fault("x", MOST_FAULTS, 1, "", "")


# -- tables of counts and costs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["id", "register", "dimension", "key", "period", "role", "block"])
def test_the_words_of_a_table_of_counts_are_told_as_what_can_only_be_read(tmp_path, column):
    rows = [dict(row) for row in read_table("targets.csv")]
    rows[3][column] += ESCAPE + "\u202e"
    with pytest.raises(DataError) as caught:
        read_targets(rows, "own.csv")
    assert str(caught.value).startswith("own.csv:5: ") and plain(str(caught.value)) == str(caught.value)


def test_faults_of_a_table_of_counts_are_bounded():
    rows = [dict(row) | {"register": f"udi_expulsion{n}"} for n, row in enumerate(read_table("targets.csv") * 100)]
    begun = time.process_time()
    with pytest.raises(DataError) as caught:
        read_targets(rows, "own.csv")
    faults = str(caught.value).splitlines()
    assert MOST_FAULTS < len(faults) < MOST_FAULTS + 5 and "mend these first" in faults[-1]
    assert time.process_time() - begun < 10


def test_the_words_of_a_table_of_costs_are_told_as_what_can_only_be_read():
    text = (files("irregsim") / "data" / "costs.yaml").read_text(encoding="utf-8")
    name = read_costs(text)[0].item
    with pytest.raises(DataError) as caught:
        read_costs(text.replace(name, '"a\\e]0;x\\a"', 1).replace("grade: ", "grade: Z", 1))
    assert "a?]0;x?: needs a source and a grade" in str(caught.value)
