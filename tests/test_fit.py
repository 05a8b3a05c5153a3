"""A fit beside every published count: intervals with error, coverage, vintages, the folder, the page, the pictures."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from irregsim.cli import main
from irregsim.commands import fit as work
from irregsim.commands.request import Output, Stopped, WrongUse
from irregsim.inference import posterior
from irregsim.inference.check import agreement as goodness
from irregsim.inference.check.agreement import binomial_interval, mixture_cdf, mixture_quantile, mixture_tail
from irregsim.inference.check_words import target_words
from irregsim.inference.targets import COLUMNS, Target, compare, targets
from irregsim.present.pages import render
from irregsim.present.plots import fit as fit_plots
from irregsim.storage.folder import RunFolder
from irregsim.study import replicates as experiment
from irregsim.vocabulary.labels import label
from irregsim.vocabulary.numbers import number, percent, signed
from run_tools import leave_pictures_out, use_fake

pytestmark = pytest.mark.once

RNG = np.random.default_rng(11)


# ---------------------------------------------------------------------------------------------------------
# Intervals with error


@pytest.mark.parametrize("sd", [0.05, 0.15, 0.8])
def test_one_value_with_error_is_a_lognormal(sd):
    one, exact = np.array([400.0]), stats.lognorm(s=sd, scale=400.0)
    for p in (0.05, 0.25, 0.5, 0.95):
        assert mixture_quantile(one, sd, p) == pytest.approx(exact.ppf(p), rel=1e-9)
    assert mixture_cdf(one, sd, 430.0) == pytest.approx(exact.cdf(430.0), rel=1e-12)


def test_intervals_with_error_are_those_of_values_drawn_with_error():
    values = RNG.negative_binomial(5, 0.02, 40).astype(float)
    drawn = (values[:, None] * np.exp(0.15 * RNG.standard_normal((len(values), 50_000)))).ravel()
    for p in (0.05, 0.25, 0.75, 0.95):
        assert mixture_quantile(values, 0.15, p) == pytest.approx(np.quantile(drawn, p), rel=0.01)


def test_a_quantile_and_its_probability_belong_together():
    values = np.array([0.0, 0.0, 3.0, 8.0, 120.0])
    for p in (0.45, 0.6, 0.9):
        assert mixture_cdf(values, 0.2, mixture_quantile(values, 0.2, p)) == pytest.approx(p, abs=1e-9)
    assert mixture_quantile(values, 0.2, 0.39) == 0.0  # two of five stay at zero whatever the error
    assert mixture_cdf(values, 0.2, 0.0) == 0.4


def test_no_error_gives_the_plain_interval():
    values = np.arange(19.0)
    assert mixture_quantile(values, 0.0, 0.25) == 4.5
    assert mixture_cdf(values, 0.0, 4.0) == 5 / 19


def test_the_tail_is_uniform_when_the_model_is_right():
    tails = []
    for _ in range(400):
        values = np.exp(RNG.normal(5.0, 0.3, 60))
        observed = float(np.exp(RNG.normal(5.0, 0.3)) * np.exp(RNG.normal(0.0, 0.2)))
        tails.append(mixture_tail(values, 0.2, observed))
    assert stats.kstest(tails, "uniform").pvalue > 1e-4
    # and not when the error is there and left out
    without = [mixture_tail(np.full(60, 150.0) * np.exp(RNG.normal(0, 0.02, 60)), 0.02, 300.0) for _ in range(5)]
    assert max(without) < 0.02 + 2 / 61


def test_a_one_sided_tail_is_the_probability_above():
    values = np.array([100.0, 200.0, 300.0])
    above = mixture_tail(values, 0.01, 150.0, one_sided=True)
    assert above == pytest.approx((2 + 0.5) / 4, abs=1e-6)


@pytest.mark.parametrize(("hits", "trials"), [(0, 9), (3, 9), (9, 9), (120, 227)])
def test_the_interval_of_a_share_is_exact(hits, trials):
    """At either end the counts seen, or farther from it, have a probability of 2.5 % (Clopper and Pearson 1934)."""
    low, high = binomial_interval(hits, trials)
    assert low == 0.0 if hits == 0 else stats.binom.sf(hits - 1, trials, low) == pytest.approx(0.025, rel=1e-6)
    assert high == 1.0 if hits == trials else stats.binom.cdf(hits, trials, high) == pytest.approx(0.025, rel=1e-6)


# ---------------------------------------------------------------------------------------------------------
# Tables


def of_id(id_: str) -> Target:
    return next(target for target in targets() if target.id == id_)


RETURNS = "assisted_returns/total/total"


def frame(counts: dict[str, list[float]]) -> pd.DataFrame:
    rows = [
        (where.split("/")[3], j, *where.split("/")[:3], count)
        for where, values in counts.items()
        for j, count in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["period", "replicate", "register", "dimension", "key", "count"])


def test_error_and_rounding_bring_a_count_inside():
    plain = replace(of_id(f"{RETURNS}/2014"), value=1000.0, error_log_sd=0.001, rounding=1.0)
    registers = frame({f"{RETURNS}/2014": [float(v) for v in range(1040, 1060)]})
    cases = [plain, replace(plain, error_log_sd=0.1), replace(plain, rounding=100.0)]
    inside = [goodness.judged(registers, [one]).iloc[0] for one in cases]
    assert [bool(row["inside90"]) for row in inside] == [False, False, False]
    assert [bool(row["inside90_error"]) for row in inside] == [False, True, True]
    assert inside[1]["lo90_error"] < inside[1]["lo90"] < inside[1]["hi90"] < inside[1]["hi90_error"]
    assert inside[0]["z"] < -2 < inside[1]["z"] < 0


def test_roles_are_those_of_the_draws():
    chosen = [of_id(f"{RETURNS}/{year}") for year in (2012, 2014, 2016)]
    registers = frame({target.id: [1500.0, 1700.0] for target in chosen})
    assert goodness.judged(registers, chosen)["role"].tolist() == ["fit"] * 3
    some = goodness.judged(registers, chosen, fitted={chosen[0].id}, of_prior={chosen[1].id})
    assert some["role"].tolist() == ["fit", "check", "check"]
    assert some["of_prior"].tolist() == [False, True, False]
    assert goodness.judged(registers, chosen, fitted=frozenset())["role"].tolist() == ["check"] * 3


def test_coverage_counts_by_role_and_says_what_is_expected():
    chosen = [of_id(f"{RETURNS}/{year}") for year in (2012, 2013, 2014, 2015)]
    values = [0.0] * 8 + [3000.0] * 2  # the 50 % interval is 0 to 0, with eight of ten replicates in it
    table = goodness.judged(frame({target.id: values for target in chosen}), chosen, fitted={t.id for t in chosen[:3]})
    table["inside50_error"] = [True, False, True, True]
    found = goodness.coverage(table)
    row = found[(found["role"] == "fit") & (found["register"] == "all") & (found["interval"] == "50")].iloc[0]
    assert (row["targets"], row["inside"], row["inside_error"]) == (3, 0, 2)
    assert row["expected"] == pytest.approx(0.8)
    assert row["share_error"] == pytest.approx(2 / 3)
    assert (row["lo_error"], row["hi_error"]) == pytest.approx(binomial_interval(2, 3))
    held = found[(found["role"] == "check") & (found["register"] == "all")]
    assert held["targets"].tolist() == [1, 1]


def test_context_and_what_cannot_be_given_count_nowhere():
    wider = [t for t in targets() if t.role == "context"][:3]
    missing = of_id("udi_return_duty_stock/total/total/2012-12")
    table = goodness.judged(frame({f"{RETURNS}/2014": [1.0, 2.0]}), [*wider, missing])
    assert table["reason"].notna().all()
    assert goodness.coverage(table).empty
    assert goodness.worst(table, 5).empty


def test_the_worst_are_those_farthest_out_whichever_way():
    chosen = [of_id(f"{RETURNS}/{year}") for year in (2012, 2013, 2014)]  # 1800, 1900, 1600
    registers = frame({chosen[0].id: [1700, 1900], chosen[1].id: [400, 420], chosen[2].id: [9000, 9100]})
    found = goodness.worst(goodness.judged(registers, chosen), 2)
    assert found["id"].tolist() == [chosen[2].id, chosen[1].id]
    assert found["z"].tolist()[0] < 0 < found["z"].tolist()[1]


def test_bands_count_zero_where_a_replicate_has_no_row():
    registers = frame({f"{RETURNS}/2014": [10.0, 20.0], f"{RETURNS}/2015": [30.0]})
    found = goodness.bands(registers, [("assisted_returns", "total", "total"), ("pu_orders", "total", "total")])
    assert found["period"].tolist() == ["2014", "2015"]
    assert found["median"].tolist() == [15.0, 15.0]


def test_what_moves_is_told_with_both_judgements():
    old = [of_id(f"{RETURNS}/{year}") for year in (2012, 2013, 2014)]
    new = [old[0], replace(old[1], value=1500.0, vintage="2022")]
    registers = frame({target.id: [1450.0, 1500.0, 1550.0] for target in old})
    tables = [goodness.judged(registers, some) for some in (old, new)]
    found = goodness.moved(compare(old, new), *tables)
    assert found["id"].tolist() == [old[1].id, old[2].id]
    assert found["changed"].tolist() == ["value", "gone"]
    first = found.iloc[0]
    assert (first["old"], first["new"]) == (1900.0, 1500.0)
    assert first["z_old"] > 2 > abs(first["z_new"])
    assert first["inside50_error_new"] and not first["inside50_error_old"]
    assert pd.isna(found.iloc[1]["z_new"])


# ---------------------------------------------------------------------------------------------------------
# Words


def test_numbers_for_readers():
    assert [number(v, "en") for v in (1234567.0, 12.34, 12.0, 0.0, float("nan"))] == [
        "1,234,567",
        "12.3",
        "12",
        "0",
        "",
    ]
    assert number(1234.0, "nb") == "1\N{NO-BREAK SPACE}234" and number(12.34, "nb") == "12,3"
    assert number(-0.04, "en") == "0.0"
    assert [signed(v, "en") for v in (2.0, -2.0)] == ["+2.0", "−2.0"]
    assert percent(0.666, "nb") == "67\N{NO-BREAK SPACE}%"


def test_every_target_has_words_of_its_own_in_both_languages():
    for lang in ("nb", "en"):
        words = [target_words(t.register, t.dimension, t.key, t.period, lang) for t in targets()]
        assert len(set(words)) == len(words)
    assert target_words("ssb_sanctions", "worker", "Vest", "2016-2019", "en") == (
        "Penal sanctions for work (SSB), workers, Vest police district, 2016–2019"
    )


def test_a_page_refuses_to_be_made_without_what_it_names():
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        render("fit.html", "en", version="1", title="x")


# ---------------------------------------------------------------------------------------------------------
# The command, on a stand-in engine


class Page(HTMLParser):
    """Tags, attributes and text of a page; refuses tags that do not close in order."""

    VOID = ("meta", "img", "br", "hr", "link")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def draws_folder(tmp_path_factory):
    """A posterior made of draws of the priors, with a red gate and reasons; fitted, it says, to counts up to 2016."""
    folder = tmp_path_factory.mktemp("posterior")
    ids = [t.id for t in targets() if t.role == "fit" and t.period[:4] <= "2016" and len(t.period) < 9]
    about = {
        "command": "irregsim calibrate --seed 5",
        "settings": {"seed": 5},
        "targets_vintage": "2021-05-31",
        "targets": ids,
        "gate": {"passed": False, "red": ["<b>one</b> & another"]},
    }
    posterior.write(folder, posterior.prior_draws(3), about)
    with (folder / work.REASONS_FILE).open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["id", "nb", "en"])
        rows.writerows([t.id, f"grunn {t.id}", f"reason {t.id}"] for t in targets())
    return folder


@pytest.fixture(scope="module")
def revised(tmp_path_factory):
    """Another vintage: one count revised."""
    path = tmp_path_factory.mktemp("vintage") / "revised.csv"
    rows = []
    for target in targets():
        row = {name: getattr(target, name) for name in COLUMNS}
        row |= {"error_log_sd": target.error_log_sd or "", "rounding": "" if target.rounding == 1 else target.rounding}
        if target.id == f"{RETURNS}/2014":
            row |= {"value": 2000, "vintage": "2022"}
        rows.append(row)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory, draws_folder, revised):
    """One fit with everything in it, on the stand-in engine."""
    out = tmp_path_factory.mktemp("fits") / "fit"
    with pytest.MonkeyPatch.context() as patch:
        use_fake(patch)
        leave_pictures_out(patch)
        request = work.FitRequest(
            posterior=str(draws_folder),
            replicates=4,
            jobs=1,
            out=str(out),
            targets=str(revised),
            command="irregsim fit x",
        )
        return work.fit(request)


@pytest.fixture
def fake(monkeypatch, tmp_path):
    use_fake(monkeypatch)
    leave_pictures_out(monkeypatch)
    monkeypatch.setattr(fit_plots, "pictures", lambda tables: {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_folder_holds_the_run_the_tables_the_pictures_and_the_page(done):
    folder = done.folder
    names = {file.name for file in folder.iterdir()}
    tables = {"fit.csv", "fit.parquet", "coverage.csv", "bands.csv", "fit_newer.csv", "moved.csv"}
    assert names == {".irregsim", "run", "plots", "fit.html", "fit.json", *tables}
    run = RunFolder.open(folder / "run")
    assert run.manifest["scenario"]["period"]["end"] == "2020-12" and run.manifest["scale"] == 1.0
    account = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    assert account["run_id"] == run.manifest["run_id"]
    assert set(account["outputs"]) == {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and file.name not in (".irregsim", "fit.json") and (folder / "run") not in file.parents
    }
    read = pd.read_csv(folder / "fit.csv")
    assert read["id"].tolist() == [t.id for t in targets()]
    assert pd.read_parquet(folder / "fit.parquet")["id"].tolist() == read["id"].tolist()
    fitted = {t.id for t in targets() if t.role == "fit" and t.period[:4] <= "2016" and len(t.period) < 9}
    assert set(read.loc[read["role"] == "fit", "id"]) == fitted
    assert pd.read_csv(folder / "moved.csv")["id"].tolist() == [f"{RETURNS}/2014"]


def test_the_table_is_made_from_the_registers_of_the_run(done):
    registers = RunFolder.open(done.folder / "run").table("registers")
    counts = registers[(registers["register"] == "assisted_returns") & (registers["period"] == "2014")]["count"]
    assert len(counts) == 4
    row = pd.read_csv(done.folder / "fit.csv").set_index("id").loc[f"{RETURNS}/2014"]
    assert row["median"] == np.median(counts)
    assert row["hi90"] == pytest.approx(np.quantile(counts, 0.95))


def test_the_page_can_be_read_and_asks_for_nothing(done):
    text = (done.folder / "fit.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.all("html") == [{"lang": "en"}] and len(page.all("h1")) == 1
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    policy = next(a for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    addresses = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert addresses and all(value.startswith("data:image/svg+xml;base64,") for value in addresses)
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", text).replace("http-equiv", "")
    pictures = [file.stem for file in (done.folder / "plots").glob("*.svg")]
    assert len(page.all("img")) == len(pictures) == 9
    assert all(len(image["alt"]) > 60 for image in page.all("img"))


def test_the_page_says_what_a_sceptic_asks(done):
    text = (done.folder / "fit.html").read_text(encoding="utf-8")
    words = Page(text).words
    assert label("fit.gate_red", "en") in words
    assert "<b>one</b> & another" in words and "<b>one" not in text  # shown as it stands, never as markup
    overall = done.coverage[(done.coverage["register"] == "all") & (done.coverage["role"] == "fit")]
    inside = {row["interval"]: int(row["inside_error"]) for row in overall.to_dict("records")}
    number_ = int(overall["targets"].iloc[0])
    assert f"Used in the fit: {inside['90']} of {number_} counts" in words
    for row in done.worst.to_dict("records"):
        assert target_words(row["register"], row["dimension"], row["key"], row["period"], "en") in words
        assert f"reason {row['id']}" in words
    assert label("fit.limit_hidden", "en") in words and label("sentence.hidden_levels", "en") in words
    assert (
        "irregsim fit x" in words and "irregsim calibrate --seed 5" in words and "irregsim reproduce fit/run" in words
    )
    assert "Assisted returns (UDI), 2014" in words and "2,000" in words


@pytest.mark.slow
def test_the_same_fit_gives_the_same_bytes_and_uses_the_run_again(done, draws_folder, revised, monkeypatch):
    use_fake(monkeypatch)
    before = {file: file.read_bytes() for file in done.folder.rglob("*") if file.is_file()}
    request = work.FitRequest(
        posterior=str(draws_folder),
        replicates=4,
        jobs=2,
        out=str(done.folder),
        targets=str(revised),
        command="irregsim fit x",
    )
    again = work.fit(request)
    assert again.reused and not done.reused
    assert {file: file.read_bytes() for file in done.folder.rglob("*") if file.is_file()} == before


@pytest.mark.slow
def test_another_fit_in_the_folder_is_replaced_on_asking_only(fake):
    """Other draws, and fewer replicates than are there, are refused with what to do; --replace says what went."""
    point = ["fit", "--draws", "point", "--jobs", "1", "--out", "fit"]

    def invoke(*arguments):
        return CliRunner().invoke(main, [*arguments])

    done = invoke(*point, "--replicates", "3")
    assert done.exit_code == 0, done.output
    there = RunFolder.open(fake / "fit" / work.RUN_FOLDER).manifest["run_id"]
    prior = [*["prior" if one == "point" else one for one in point], "--replicates", "3"]
    for arguments, why in ((prior, "another result"), ([*point, "--replicates", "2"], "more replicates")):
        refused = invoke(*arguments)
        assert refused.exit_code == 2 and why in refused.stderr
        assert "--replace" in refused.stderr and "fit-2" in refused.stderr
        assert RunFolder.open(fake / "fit" / work.RUN_FOLDER).manifest["run_id"] == there
    replaced = invoke(*prior, "--replace", "--quiet")
    assert replaced.exit_code == 0 and f"replaced the earlier run {there}" in replaced.stderr


def test_files_of_an_earlier_fit_go_and_others_stay(fake):
    request = work.FitRequest(draws="point", replicates=2, jobs=1, out="fit")
    work.fit(request)
    extra = [fake / "fit" / "moved.csv", fake / "fit" / "mine.txt", fake / "mine-too.txt"]
    for file in extra:
        file.write_text("x", encoding="utf-8")
    account = fake / "fit" / "fit.json"
    told = json.loads(account.read_text(encoding="utf-8"))
    told["outputs"] |= {"moved.csv": {}, "../mine-too.txt": {}, "run/manifest.json": {}}
    account.write_text(json.dumps(told), encoding="utf-8")
    assert work.fit(request).reused
    assert [file.exists() for file in extra] == [False, True, True]
    assert (fake / "fit" / "run" / "manifest.json").is_file()


@pytest.mark.parametrize("source", ["point", "prior"])
def test_without_a_posterior_nothing_is_called_fitted(fake, source):
    found = work.fit(work.FitRequest(draws=source, replicates=2, jobs=1, out="fit", output=Output(lang="nb")))
    words = Page((fake / "fit" / "fit.html").read_text(encoding="utf-8")).words
    assert label(f"fit.gate_{source}", "nb") in words
    assert label("fit.role_would", "nb") in words.lower()
    assert label("fit.reason_no_fit", "nb") in words
    assert f"({label('fit.role_fit', 'nb')})" not in words
    assert found.moved is None and label("fit.h_moved", "nb") not in words


@pytest.mark.slow
def test_a_trial_at_another_scale_is_divided_and_says_so(fake):
    full = work.fit(work.FitRequest(draws="point", replicates=6, jobs=1, out="full"))
    part = work.fit(work.FitRequest(draws="point", replicates=6, jobs=1, out="part", scale=0.25))
    total = [one.judged.set_index("id").loc[f"{RETURNS}/2014", "median"] for one in (full, part)]
    assert total[1] == pytest.approx(total[0], rel=0.1)
    assert "Trial at population scale 0.25" in work.summary(part)
    assert "Trial at" not in work.summary(full)


def irregsim_(*arguments: str):
    return CliRunner().invoke(main, ["fit", *arguments], prog_name="irregsim")


def test_the_command_prints_gate_coverage_and_the_farthest(fake, draws_folder, revised):
    answer = irregsim_(str(draws_folder), "--replicates", "3", "--jobs", "1", "--targets", str(revised))
    assert answer.exit_code == 0, answer.output
    assert (
        "Calibration check: Red: at least one check failed" in answer.stdout and "  failed: <b>one</b>" in answer.stdout
    )
    assert "Coverage" in answer.stdout and "held out" in answer.stdout
    assert "The 5 counts farthest from the model" in answer.stdout
    assert "The other edition changes 1 of the counts" in answer.stdout
    assert answer.stdout.rstrip().endswith("the page is outputs/fit/fit.html")
    assert "warning: posterior" in answer.stderr
    manifest = RunFolder.open(fake / "outputs" / "fit" / "run").manifest
    assert manifest["command"] == f"irregsim fit {draws_folder.name} --replicates 3 --jobs 1 --targets revised.csv"
    assert manifest["posterior_id"] == posterior.load(draws_folder).id


def test_the_folder_of_a_calibration_is_as_good_as_the_posterior_in_it(fake, draws_folder):
    shutil.copytree(draws_folder, fake / "calibration" / posterior.INSIDE)
    found = work.fit(work.FitRequest(posterior="calibration", replicates=2, jobs=1))
    assert found.source == "posterior" and len(found.reasons) == len(targets())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "there is no such folder"),
        (["{draws}", "--draws", "point"], "not both"),
        (["--draws", "point", "--scale", "11"], "--scale 11: must be above 0 and at most 10"),
        (["--draws", "point", "--targets", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["--draws", "point", "--targets", "bad.csv"], "bad.csv:1: columns"),
        (["--draws", "point", "--out", "mine"], "contains files that irregsim did not write"),
        (["{reasons}"], "reasons.csv:2: no target 'nothing/like/it/2012'"),
    ],
)
def test_wrong_use_is_told_before_any_work(fake, draws_folder, arguments, words):
    (fake / "mine").mkdir()
    (fake / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    (fake / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    shutil.copytree(draws_folder, fake / "reasons")
    (fake / "reasons" / work.REASONS_FILE).write_text("id,nb,en\nnothing/like/it/2012,x,y\n", encoding="utf-8")
    places = {"draws": draws_folder, "reasons": fake / "reasons"}
    answer = irregsim_("--replicates", "2", "--jobs", "1", *(a.format(**places) for a in arguments))
    assert answer.exit_code == 2, answer.output
    assert words in answer.stderr
    assert not (fake / "outputs").exists()


def test_every_fault_of_the_reasons_is_told_at_once(tmp_path):
    id_ = f"{RETURNS}/2014"
    (tmp_path / work.REASONS_FILE).write_text(f"id,nb,en\n{id_},x,\nno,a,b\n{id_},x,y\n", encoding="utf-8")
    with pytest.raises(WrongUse) as caught:
        work.read_reasons(tmp_path)
    assert [line.rpartition("csv:")[2] for line in str(caught.value).splitlines()] == [
        f"2: {id_} needs one text in each of en, nb",
        "3: no target 'no' (irregsim targets --all lists them)",
        f"4: duplicate {id_}",
    ]
    assert work.read_reasons(tmp_path / "nowhere") == {}


def test_a_stopped_fit_goes_on_where_it_was(fake, monkeypatch):
    request = work.FitRequest(draws="point", replicates=3, jobs=1, out="fit")
    real = experiment._simulate

    def stop_at_the_third(todo, partings, replicate):
        if replicate == 2:
            raise KeyboardInterrupt
        return real(todo, partings, replicate)

    with monkeypatch.context() as patch:
        patch.setattr(experiment, "_simulate", stop_at_the_third)
        with pytest.raises(Stopped):
            work.fit(request)
    assert not (fake / "fit" / "fit.html").exists()
    simulated = []
    monkeypatch.setattr(experiment, "_simulate", lambda *work: (simulated.append(work[-1]), real(*work))[1])
    work.fit(request)
    assert simulated == [2] and (fake / "fit" / "fit.html").is_file()


# ---------------------------------------------------------------------------------------------------------
# Pictures


def tables_of(done, lang="en", fitted=True) -> fit_plots.FitTables:
    bands = pd.read_csv(done.folder / "bands.csv", dtype={"period": str})
    return fit_plots.FitTables(done.judged, bands, None, fitted, ("a sentence",), lang)


def test_every_judged_count_is_drawn_once(done):
    drawn = [draw().data for draw in fit_plots.pictures(tables_of(done)).values()]
    rows = pd.concat([data[data["source"] != "model"] for data in drawn])
    shown = sorted("/".join(row) for row in rows[["register", "dimension", "key", "period"]].itertuples(index=False))
    judged = done.judged[done.judged["role"].isin(["fit", "check"]) & done.judged["median"].notna()]
    assert shown == sorted(judged["id"]) and len(shown) > 250


def test_points_are_filled_where_they_were_fitted(done):
    figure = fit_plots.pictures(tables_of(done))["fit-assisted-returns"]().figure
    (axes,) = figure.axes
    points = {line.get_xdata()[0]: line.get_markerfacecolor() for line in axes.lines if line.get_marker() == "o"}
    roles = done.judged[done.judged["register"] == "assisted_returns"].set_index("period")["role"]
    assert points == {float(year) + 0.5: fit_plots.OBSERVED for year in range(2012, 2017)} | {2018.5: "white"}
    assert (roles.loc["2012":"2016"] == "fit").all() and roles.loc["2018"] == "check"
    orders = fit_plots.pictures(tables_of(done))["fit-pu-orders"]().figure
    faces = {line.get_markerfacecolor() for axes in orders.axes for line in axes.lines if line.get_marker() == "o"}
    assert faces == {"white"}  # all of 2019, and these draws were fitted to counts up to 2016


def test_the_band_is_that_of_the_table(done):
    drawing = fit_plots.pictures(tables_of(done))["fit-assisted-returns"]()
    (axes,) = drawing.figure.axes
    bands = tables_of(done).bands
    bands = bands[bands["register"] == "assisted_returns"]
    median = next(line for line in axes.lines if len(line.get_xdata()) == len(bands))
    assert np.array_equal(median.get_ydata(), bands["median"])
    outer = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (outer.min(), outer.max()) == (bands["lo90"].min(), bands["hi90"].max())


def test_both_languages_have_words_of_their_own(done):
    texts = {}
    for lang in ("nb", "en"):
        drawing = fit_plots.pictures(tables_of(done, lang))["fit-ssb-sanctions"]()
        texts[lang] = drawing.alt
        assert label("register.ssb_sanctions", lang)[1:] in drawing.alt
    assert texts["nb"] != texts["en"]


@pytest.mark.parametrize(("period", "where"), [("2019", 2019.5), ("2019-12", 2020.0), ("2016-2019", 2018.0)])
def test_periods_stand_in_their_middle_and_months_at_their_end(period, where):
    assert fit_plots.place(period) == pytest.approx(where)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_draws_the_page_without_a_complaint(done, tmp_path):
    page, shot = done.folder / "fit.html", tmp_path / "page.png"
    command = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1100,9000",
        f"--screenshot={shot}",
        page.resolve().as_uri(),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in answer.stderr  # refused content and errors of the page are told there
    import matplotlib.image

    picture = matplotlib.image.imread(shot)
    assert picture.shape[:2] == (9000, 1100)
    # Something is drawn all the way down: pictures that were refused would leave their places empty.
    darkest = [picture[top : top + 900, :, :3].min() for top in range(0, 4500, 900)]
    assert max(darkest) < 0.4
