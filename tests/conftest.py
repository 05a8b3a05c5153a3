"""What holds for all tests."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No test uses or fills the run-ups of whoever runs it.
os.environ.setdefault("IRREGSIM_CACHE", "")

# How long an example takes depends on what else the machine does.
settings.register_profile("irregsim", deadline=None)
settings.load_profile("irregsim")

TESTS = Path(__file__).parent

#: Files that take longest, and what they share cannot be divided: they begin first, so that no process waits for one at
#: the end (``--no-loadscope-reorder`` keeps this order).
FIRST = ("test_page", "test_experiment", "test_cli", "test_notebooks", "test_model", "test_workshop", "test_paired")

#: Files of `make test-quick`, by their path in tests/: parts by themselves, without a process, a browser or a whole
#: run. All of them together must stay far below thirty seconds on two processors.
QUICK = (
    "unit/test_arrivals_by_hand",
    "unit/test_comparison_by_hand",
    "unit/test_drawn_helper",
    "unit/test_hazards",
    "unit/test_history",
    "unit/test_mutants",
    "unit/test_needs_by_hand",
    "unit/test_population",
    "unit/test_month_by_hand",
    "unit/test_ratios_by_hand",
    "unit/test_series_by_hand",
    "unit/test_statistics_helpers",
    "unit/test_world_by_hand",
    "test_chance",
    "test_claims",
    "test_disclosure",
    "test_draws",
    "test_labels",
    "test_levers",
    "test_parameters",
    "test_predictive",
    "test_registers",
    "test_results",
    "test_rule_signs",
    "test_rules",
    "test_scenario",
    "test_scenario_inheritance",
    "test_settlements",
    "test_targets",
)

#: Tests of these files that take longer than half a second, or start a process: `make test` runs them.
NOT_QUICK = frozenset(
    {
        "test_a_better_option_draws_people_to_itself_alone",
        "test_closing_an_option_moves_only_its_takers",
        "test_every_rule_keeps_its_sum_of_probabilities",
        "test_more_places_serve_the_same_persons_and_some_more",
        "test_streams_are_the_same_without_the_processor_features_numpy_found",
        "test_the_earliest_clock_inside_the_month_wins",
        "test_the_order_of_rules_and_of_persons_cannot_matter",
        "test_the_sum_of_a_rule_is_its_share_of_the_chance_that_anything_happens",
        "test_the_tail_probability_tends_to_the_mid_p_of_the_distribution",
        "test_values_in_force_are_the_latest_written",
    }
)

#: A quick test that uses more processor time than this, in seconds, fails in a quick run. Twice what is asked of it,
#: since a busy machine makes all slower.
QUICK_SECONDS = 1.0

#: What a quick test may not do: start another process.
STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system"})

_is_in_test = False


def pytest_configure(config: pytest.Config) -> None:
    """In a quick run no test may start a process."""
    if _is_quick(config):
        sys.addaudithook(_refuse_processes)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A quick run does not even read the other files."""
    is_other = collection_path.suffix == ".py" and _name(collection_path) not in QUICK
    return True if _is_quick(config) and is_other else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; all else as it was. Tests of quick files get the mark ``quick``."""
    order = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(FIRST)))
    for item in items:
        name = getattr(item, "originalname", item.name)
        if _name(item.path) in QUICK and name not in NOT_QUICK and not item.get_closest_marker("slow"):
            item.add_marker("quick")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Processes are refused from a test's first fixture to its last."""
    global _is_in_test
    _is_in_test = True
    try:
        return (yield)
    finally:
        _is_in_test = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """In a quick run a test that takes long fails."""
    start = time.process_time()
    result = yield
    seconds = time.process_time() - start
    if _is_quick(item.config) and seconds > QUICK_SECONDS:
        pytest.fail(f"took {seconds:.1f} s of processor time: name it in NOT_QUICK of tests/conftest.py")
    return result


@pytest.fixture(scope="session")
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, float]:
    """The kernels of the month, kept between sessions beside what pytest keeps, if it keeps anything."""
    from irregsim.model import compiled

    cache = getattr(request.config, "cache", None)
    folder = cache.mkdir("irregsim") if cache else tmp_path_factory.mktemp("kernels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IRREGSIM_CACHE", str(folder))
        seconds = compiled.prepare()
    return seconds


@pytest.fixture
def engine(
    kernels: Mapping[str, float], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Callable[[str], None]:
    """Sets the engine, numpy to begin with."""
    from irregsim.model import compiled

    monkeypatch.setenv("IRREGSIM_CACHE", str(request.config.cache.mkdir("irregsim")))

    def use(name: str) -> None:
        monkeypatch.setenv(compiled.ENGINE_VARIABLE, name)

    use("numpy")
    return use


def _is_quick(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "quick")


def _name(path: Path) -> str:
    return path.relative_to(TESTS).with_suffix("").as_posix() if path.is_relative_to(TESTS) else ""


def _refuse_processes(event: str, arguments: tuple[object, ...]) -> None:
    if _is_in_test and event in STARTS:
        raise RuntimeError(f"a quick test may not start a process ({event} {arguments[:1]})")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium for the tests of a module; they are skipped without playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright comes with the extra dev")
    from browser_tools import FLAGS, chromium

    path = chromium()
    with playwright.sync_playwright() as p:
        one = p.chromium.launch(executable_path=path, args=list(FLAGS))
        yield one
        one.close()
