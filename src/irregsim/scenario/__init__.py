"""Scenario files: read, checked, inherited and resolved month by month.

``load_scenario`` is the entry point. A file is YAML; what it may say comes from ``irregsim.scenario.levers``. The steps
are ``yaml_nodes`` (text to nodes with places), ``file_checks`` (one file against the registry), ``inheritance`` (a file
over its parent, and monthly values), ``reading`` (a file with its parents), ``loading`` (``--set``, ``--end``) and
``resolved`` (what the model reads; ``attributes`` makes it from the registry). ``writing`` goes the other way: from
what the model reads to the text of a file.
"""

from __future__ import annotations

from irregsim.scenario.expectations import DECIDERS, DIRECTIONS, RESTS_ON, Expectation
from irregsim.scenario.explain import diff_rows, timeline
from irregsim.scenario.faults import Fault, ScenarioError
from irregsim.scenario.json_schema import json_schema
from irregsim.scenario.loading import changes_nothing, load_scenario
from irregsim.scenario.reading import first_month_of_history, shipped_scenarios
from irregsim.scenario.resolved import Levers, Scenario, Scheme
from irregsim.scenario.writing.new_file import new_scenario_text
from irregsim.scenario.writing.text import scenario_text

__all__ = [
    "DECIDERS",
    "DIRECTIONS",
    "RESTS_ON",
    "Expectation",
    "Fault",
    "Levers",
    "Scenario",
    "ScenarioError",
    "Scheme",
    "changes_nothing",
    "diff_rows",
    "first_month_of_history",
    "json_schema",
    "load_scenario",
    "new_scenario_text",
    "scenario_text",
    "shipped_scenarios",
    "timeline",
]
