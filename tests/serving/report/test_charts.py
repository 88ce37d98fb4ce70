"""The report's charts: each number is the one that is computed elsewhere, each outcome has one colour."""

import json

import numpy as np
import pandas as pd

from features import feature, panel
from models.evaluation import calibration
from models.figures.colors import OUTCOME_COLORS
from serving.report import charts
from tests.support.calls import predictions
from tests.support.data import needs_shared


@needs_shared
def test_readings_and_percentiles(shared_snapshot):
    found = charts.chart_data(shared_snapshot)
    title = next(one.layout.meta["title"] for one in charts.market(found) if "Ten-year" in one.layout.meta["title"])
    y10 = found.panel["DGS10"]
    below = (y10 < y10.iloc[-1]).mean()
    assert f"<b>{y10.iloc[-1]:.2f} %</b>, higher than {below:.0%}" in title
    assert found.daily.index[0].year == shared_snapshot.last.year - charts.YEARS
    graph = charts.rotation_graph(found)
    tail = next(trace for trace in graph.data if trace.name == "technology")
    whole = feature.compute_years(
        tuple(item for item in charts.FEATURES if item.name == "technology_rs_ratio"),
        panel.build_inputs(shared_snapshot),
        range(2023, 2024),
    )
    assert len(tail.x) == charts.TAIL_WEEKS + 1
    assert tail.x[-1] == whole["technology_rs_ratio"].iloc[-1]
    assert json.loads(graph.to_json())["layout"]["annotations"]


def test_one_colour_per_outcome():
    drawn = charts.reliability(predictions())
    assert [trace.line.color for trace in drawn.data[:2]] == [OUTCOME_COLORS["rotation"], OUTCOME_COLORS["breakdown"]]
    assert not set(charts.PALETTE) & set(OUTCOME_COLORS.values())


def test_the_report_shows_the_cards_reliability():
    table = predictions()
    drawn = charts.reliability(table)
    p, truth = table["p_rotation"].to_numpy(), (table["outcome"] == "rotation").to_numpy()
    found = calibration.reliability(p, truth, calibration.latent(len(table), False))
    np.testing.assert_allclose(drawn.data[0].x, 100 * found.stated)
    np.testing.assert_allclose(drawn.data[0].y, 100 * found.observed)


def test_history_marks_what_followed_in_the_outcomes_colour():
    table = predictions()
    drawn = charts.history(table)
    shown = table.iloc[-156:]
    for place, name in enumerate(("rotation", "breakdown")):
        line, marks = drawn.data[place], drawn.data[place + 2]
        np.testing.assert_allclose(line.y, 100 * shown[f"p_{name}"])
        assert list(pd.to_datetime(marks.x)) == list(shown.loc[shown["outcome"] == name, "date"])
        assert line.line.color == marks.marker.color == OUTCOME_COLORS[name]


def test_percentile_by_hand():
    assert charts.percentile(pd.Series([1.0, 4.0, 2.0, np.nan, 3.0])) == 0.5
    assert np.isnan(charts.percentile(pd.Series([np.nan])))
