"""Expected arrivals of both programs, route by route, month by month and citizenship by citizenship: exact."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.worlds import baseline, drawn_parameters
from irregsim.model.month.cohorts import expected_inflow
from irregsim.model.values import Values
from irregsim.vocabulary.codes import Route

from .arrivals import Arrivals

END = "2020-12"


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 8))])
def test_both_programs_expect_the_same_arrivals(seed):
    """All routes of 2009 to 2020 at drawn parameters, the errors of the mix of rejections among them."""
    draw, levers = drawn_parameters(seed), baseline(END)
    values = Values(levers, draw, 1.0)
    package = expected_inflow(values).by_route
    second = Arrivals(draw, levers.monthly, values.months).expected()
    assert second.keys() == {route.name.lower() for route in Route}
    for route in Route:
        table = np.array(second[route.name.lower()])
        assert table.sum() > 0
        np.testing.assert_allclose(table, package[:, route], rtol=1e-9, atol=1e-12, err_msg=route.name)
