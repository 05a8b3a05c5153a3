"""What a user of the package may write with types: `test_typed_use.py` has it checked against the installed wheel."""

from __future__ import annotations

import irregsim
from irregsim.commands.compare import Comparison
from irregsim.commands.explore import Exploration
from irregsim.commands.in_memory import Result
from irregsim.commands.request import RunFailed, WrongUse
from irregsim.scenario import Scenario, ScenarioError


def working(result: Result) -> float:
    stocks = result.stocks
    return float(stocks.loc[stocks["strategy"] == "arbeidende", "persons"].sum())


def main() -> int:
    try:
        one: Scenario = irregsim.load_scenario("baseline", overrides=["levers.fines.worker_nok=5000"], end="2024-12")
        done: Result = irregsim.run(one, replicates=2, scale=0.02)
        pair: Comparison = irregsim.compare([one, "fines-tripled"], replicates=2, scale=0.02)
        study: Exploration = irregsim.explore("study.yaml", points=32)
    except ScenarioError as error:
        print(*error.faults, sep="\n")
        return 2
    except (WrongUse, RunFailed) as error:
        print(error)
        return 1
    print(working(done), done.replicates + 1, done.summary, pair.key_figures, study.drivers, irregsim.__version__)
    model = irregsim.IrregularMigrationModel(one, replicate=1, scale=0.01)
    model.step()
    print(model.running, one.name.upper(), one.sha256)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
