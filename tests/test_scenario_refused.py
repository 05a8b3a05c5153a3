"""What is refused, where it is said to stand, and that nothing else ever comes out of a file."""

from __future__ import annotations

import os
import pickle
import re
import sys
import time

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irregsim.scenario import Fault, ScenarioError, load_scenario, yaml_nodes
from irregsim.scenario.levers import REGISTRY
from scenario_files import BAD, message_of, write

pytestmark = pytest.mark.once

CORPUS = sorted(BAD.glob("*.yaml"))


def expected(path) -> list[str]:
    """Words of the first line, ``# expect: these words | and these``."""
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")
    first = re.split("\r?\n", text)[0]
    assert first.startswith("# expect: "), path
    words = [part for part in first.removeprefix("# expect: ").split(" | ") if part.strip()]
    assert words, path
    return words


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_broken_file_is_told_in_its_own_words(path):
    message = message_of(path)
    for words in expected(path):
        assert words in message, f"\n{words}\nnot in\n{message}"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_pure_python_parser_says_the_same(path, monkeypatch):
    monkeypatch.setattr(yaml_nodes, "_LOADER", yaml.SafeLoader)
    message = message_of(path)
    for words in expected(path):
        assert words in message, f"\n{words}\nnot in\n{message}"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_every_fault_has_a_place_and_stands_once(path):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    faults = caught.value.faults
    assert len(set(faults)) == len(faults)
    for fault in faults:
        assert fault.line >= 1
        assert fault.column >= 1
        assert "\n" not in str(fault)
        assert str(fault).startswith(f"{fault.file}:{fault.line}:{fault.column}: ")
    own = [(fault.line, fault.column) for fault in faults if fault.file == str(path)]
    assert own == sorted(own)


def test_the_corpus_is_large_enough_to_mean_something():
    assert len(CORPUS) >= 100


def test_one_fault_per_mistake():
    with pytest.raises(ScenarioError) as caught:
        load_scenario(BAD / "every-fault-at-once.yaml")
    assert [fault.line for fault in caught.value.faults] == [7, 8, 9, 11, 12]


def test_no_code_runs_from_a_file(tmp_path):
    target = tmp_path / "made"
    text = f"description: !!python/object/apply:os.mkdir ['{target}']\n"
    assert "YAML tags" in message_of(write(tmp_path, text))
    assert not target.exists()


def test_an_empty_file(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"")
    (tmp_path / "b.yaml").write_bytes(b"\xef\xbb\xbf")
    for name in ("a", "b"):
        assert message_of(tmp_path / f"{name}.yaml").startswith(f"{tmp_path / name}.yaml:1:1: the file is empty")


def test_a_file_over_one_megabyte(tmp_path):
    path = write(tmp_path, "# " + "x" * 1_000_001 + "\n")
    assert message_of(path) == f"{path}:1:1: over 1 MB; a scenario is a short text file"


def test_a_file_just_under_one_megabyte_is_read(tmp_path):
    path = write(tmp_path, "# " + "x" * 999_000 + "\n")
    assert path.stat().st_size < 1_000_000
    assert load_scenario(path).name == "child"


def test_a_missing_file(tmp_path):
    path = tmp_path / "none.yaml"
    assert message_of(path) == f"{path}: no such file", "what is not there has no lines"
    assert "did you mean baseline?" in message_of("baselin")


@pytest.mark.parametrize("path", ["", "\0", "\0.yaml", "x" * 5000, "x" * 5000 + ".yaml"])
def test_a_name_that_cannot_be_a_file(path):
    told = path.replace("\0", "?")  # as a terminal may read it
    assert message_of(path).startswith((f"{told}: no such file", f"{told}:1:1: "))


def test_a_folder_is_no_file(tmp_path):
    assert message_of(tmp_path) == f"{tmp_path}:1:1: not a regular file (a scenario is a text file ending in .yaml)"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    assert "not a regular file" in message_of(path)
    bad = write(tmp_path, "", extends="pipe.yaml")
    assert f"{path}:1:1: not a regular file" in message_of(bad)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_device_is_refused(tmp_path):
    os.symlink("/dev/zero", tmp_path / "zero.yaml")
    assert "not a regular file" in message_of(tmp_path / "zero.yaml")


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_link_out_of_the_folder_is_refused(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    outside = write(tmp_path, "period: {start: 2012-01, end: 2020-12}\n", name="outside", extends=None)
    os.symlink(outside, inner / "link.yaml")
    message = message_of(write(inner, "", extends="link.yaml"))
    assert "4:" not in message
    assert "3:10: extends: 'link.yaml' is a link out of the folder" in message
    os.symlink(tmp_path, inner / "up")
    assert "is a link out of the folder" in message_of(write(inner, "", extends="up/outside.yaml"))
    os.symlink(inner / "here.yaml", inner / "near.yaml")
    write(inner, "", name="here")
    assert load_scenario(write(inner, "", extends="near.yaml")).extends == "near.yaml"
    os.symlink(inner / "round.yaml", inner / "round.yaml")
    assert "extends: " in message_of(write(inner, "", extends="round.yaml"))


def test_a_long_chain_of_parents_ends(tmp_path):
    write(tmp_path, "", name="s0")
    for i in range(1, 40):
        write(tmp_path, "", name=f"s{i}", extends=f"s{i - 1}.yaml")
    assert load_scenario(tmp_path / "s15.yaml").name == "s15"
    assert "more than 20 scenarios extend each other" in message_of(tmp_path / "s39.yaml")


def test_aliases_within_the_bound_are_expanded(tmp_path):
    text = "levers: {municipal: {shelter: {Oslo: &beds [{from: 2022-01, value: 7}], Bergen: *beds}}}\n"
    beds = load_scenario(write(tmp_path, text)).levers.shelter_beds
    assert beds[-1, :2].tolist() == [7.0, 7.0]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_a_megabyte_of_openings_is_refused_quickly(opening, tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text(opening * (990_000 // len(opening)), encoding="utf-8")
    began = time.monotonic()
    assert "deeper than 20 levels" in message_of(path)
    assert time.monotonic() - began < 20


def test_a_megabyte_of_small_values_is_refused(tmp_path):
    path = write(tmp_path, "description: [" + "1," * 480_000 + "]\n")
    assert "more than 100000 values" in message_of(path)


def test_the_error_survives_a_process_border():
    error = ScenarioError([Fault("a.yaml", 1, 2, "levers", "wrong")])
    again = pickle.loads(pickle.dumps(error))
    assert again.faults == error.faults
    assert str(again) == "a.yaml:1:2: levers: wrong"


SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def never_crashes(path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        scenario = load_scenario(path)
    except ScenarioError as error:
        assert error.faults
        assert all(fault.line >= 1 and fault.column >= 1 for fault in error.faults)
    else:
        assert 0 <= scenario.start <= scenario.end


@SLOW
@given(st.binary(max_size=200))
def test_bytes_give_a_scenario_or_faults(tmp_path, data):
    never_crashes(tmp_path / "any.yaml", data)


@SLOW
@given(st.text(max_size=200))
def test_text_gives_a_scenario_or_faults(tmp_path, text):
    never_crashes(tmp_path / "any.yaml", text.encode("utf-8", "surrogatepass"))


WORDS = sorted({word for lever in REGISTRY for word in (*lever.key.split("."), *(p.name for p in lever.parts))})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**9),
    st.floats(),
    st.sampled_from(
        ["2023-01", "2023-13", "Eritrea", "Oslo", "Hå", "rule_2014", "none", "baseline", "NO", "1:30", "５"]
    ),
    st.text(max_size=8),
)
KEYS = st.one_of(
    st.sampled_from(
        [*WORDS, "levers", "assumptions", "period", "run", "extends", "Oslo", "Vest", "Trondheim", "value"]
    ),
    st.integers(2000, 2035).map(str),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=15,
)


@SLOW
@given(
    st.dictionaries(st.sampled_from(["levers", "assumptions", "period", "run", "title", "extends"]), TREES, max_size=4)
)
@pytest.mark.once
def test_trees_of_known_words_give_a_scenario_or_faults(tmp_path, tree):
    head = {"schema": 1, "name": "any", "extends": "baseline"}
    never_crashes(tmp_path / "any.yaml", yaml.safe_dump(head | tree, allow_unicode=True).encode("utf-8"))


@st.composite
def placed(draw):
    """A tree hung below a real lever, so that its own checks are reached."""
    lever = draw(st.sampled_from(REGISTRY))
    tree = draw(TREES)
    for word in reversed(lever.path.split(".")):
        tree = {word: tree}
    return tree


@SLOW
@given(placed())
@pytest.mark.once
def test_trees_below_a_lever_give_a_scenario_or_faults(tmp_path, tree):
    head = {"schema": 1, "name": "any", "extends": "baseline"}
    never_crashes(tmp_path / "any.yaml", yaml.safe_dump(head | tree, allow_unicode=True).encode("utf-8"))


@SLOW
@given(st.text(max_size=60))
@pytest.mark.once
def test_any_override_gives_a_scenario_or_faults(text):
    try:
        load_scenario("baseline", overrides=[text])
    except ScenarioError as error:
        assert {(fault.file, fault.line, fault.column) for fault in error.faults} == {("--set", 1, 1)}


def test_a_decimal_comma_is_named_as_such(tmp_path):
    write(
        tmp_path, "levers: {return_agreements: [{country: Eritrea, from: 2027-01, effectiveness: 0,6}]}\n", name="comma"
    )
    with pytest.raises(ScenarioError, match=r"no such key here \(decimals have a point, not a comma: 0\.6\)"):
        load_scenario(tmp_path / "comma.yaml")


def test_an_override_may_begin_in_a_month():
    short = load_scenario("baseline", overrides="levers.assisted_return.support_nok@2027-01=60000")
    assert short == load_scenario(
        "baseline", overrides="levers.assisted_return.support_nok=[{from: 2027-01, value: 60000}]"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("levers.assisted_return.support_nok@2027=60000", "is not a month"),
        ("levers.assisted_return.support_nok@=60000", "is not a month"),
        ("levers.return_agreements@2027-01=[]", "takes no month after @"),
    ],
)
def test_an_override_that_cannot_begin_in_a_month_says_why(text, words):
    with pytest.raises(ScenarioError, match=words):
        load_scenario("baseline", overrides=text)
