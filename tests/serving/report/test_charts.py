"""The report's charts: each number is the one that is computed elsewhere."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from features import feature, panel
from models.evaluation import backtest
from models.figures import svg
from models.figures.colors import OUTCOME_COLORS
from serving.report import charts, history, rotation_graph
from tests.serving.report.test_page import walk_forward
from tests.support.data import needs_shared


@needs_shared
def test_readings_and_percentiles(shared_snapshot):
    found = charts.chart_data(shared_snapshot)
    title = next(charts.caption(one) for one in charts.market(found) if "Ten-year" in one.name)
    y10 = found.panel["DGS10"]
    below = (y10 < y10.iloc[-1]).mean()
    assert (
        title == f"Ten-year Treasury yield: {y10.iloc[-1]:.2f} %, higher than {100 * below:.0f} % of the last 10 years"
    )
    assert found.daily.index[0].year == shared_snapshot.last.year - charts.YEARS
    tails = rotation_graph.tails(found.daily, rotation_graph.GROUPS["sectors"])
    assert len(tails) == 11
    whole = feature.compute_years(
        tuple(item for item in charts.FEATURES if item.name == "technology_rs_ratio"),
        panel.build_inputs(shared_snapshot),
        range(2023, 2024),
    )
    assert len(tails["technology"]) == rotation_graph.TAIL_WEEKS + 1
    assert tails["technology"]["strength"].iloc[-1] == whole["technology_rs_ratio"].iloc[-1]


def graph_of(seed, names):
    rng = np.random.default_rng(seed)
    return {
        name: pd.DataFrame(100 + rng.normal(size=(9, 2)).cumsum(axis=0) / 2, columns=["strength", "momentum"])
        for name in names
    }


@pytest.mark.parametrize("seed", range(6))
def test_at_most_eight_tails_and_no_label_on_another(seed):
    found = graph_of(seed, rotation_graph.GROUPS["sectors"])
    drawn = rotation_graph.draw(found)
    axes = drawn.axes[0]
    assert len(axes.collections) == rotation_graph.MOST_TAILS == len(rotation_graph.with_tail(found))
    assert all(len(one.get_segments()) < rotation_graph.SHORT_WEEKS for one in axes.collections)
    colors = [tuple(one.get_colors()[-1][:3]) for one in axes.collections]
    assert len(set(colors)) == rotation_graph.MOST_TAILS
    for one in axes.collections:
        assert np.all(np.diff(one.get_colors()[:, 3]) > 0)  # fading towards the past
    labels = [text for text in axes.texts if text.get_text() in {name.replace("_", " ") for name in found}]
    assert len(labels) == 11
    boxes = [text.get_window_extent() for text in labels]
    for place, box in enumerate(boxes):
        assert not [other for other in boxes[place + 1 :] if box.overlaps(other)]
        assert axes.bbox.containsx(box.x0)
        assert axes.bbox.containsx(box.x1)


def test_each_of_many_is_drawn_alone_with_its_whole_tail_and_the_others_as_dots():
    found = graph_of(1, rotation_graph.GROUPS["sectors"])
    axes = rotation_graph.draw_alone("energy", found).axes[0]
    (tail,) = axes.collections
    assert len(tail.get_segments()) == rotation_graph.TAIL_WEEKS - 1  # the last one is the arrow
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    assert len(dots.get_xdata()) == 10
    assert found["energy"]["strength"].iloc[-1] not in dots.get_xdata()


def test_few_tails_are_drawn_whole():
    found = graph_of(2, rotation_graph.GROUPS["styles"])
    assert all(len(one.get_segments()) == 7 for one in rotation_graph.draw(found).axes[0].collections)


def test_the_table_says_what_the_graph_shows():
    found = {"small": pd.DataFrame({"strength": [99.0, 101.0], "momentum": [101.0, 99.5]})}
    assert rotation_graph.as_table(found).rows == (("small", "101.0", "99.5", "weakening", "improving"),)


def test_wealth_and_drawdowns_by_hand():
    table = walk_forward()
    sessions = pd.DatetimeIndex(pd.bdate_range("2015-01-01", "2023-01-31"))
    sessions = sessions.union(pd.DatetimeIndex(table["date"]))
    rng = np.random.default_rng(1)
    returns = pd.DataFrame(rng.normal(0, 0.01, (len(sessions), 3)), sessions, ["ret_cap", "ret_bill", "ret_broad"])
    grown = history.wealth(table, returns)
    made = backtest.decisions(table, returns)["in_out"]
    # The slow way: walk through the sessions with the position in force.
    value, held = 1.0, None
    for day in grown.index:
        place = sessions.get_loc(day)
        position = made[made.index <= sessions[place - backtest.DELAY]].iloc[-1]
        value *= 1.0 + returns.iloc[place, int(position)] - (0.001 if held not in (None, position) else 0.0)
        held = position
    assert grown["in-out"].iloc[-1] == pytest.approx(value)
    assert grown["holding"].iloc[-1] == pytest.approx((1 + returns.loc[grown.index, "ret_cap"]).prod())
    deepest = history.drawdowns(grown)["holding"].min()
    assert deepest == pytest.approx(backtest.max_drawdown(returns.loc[grown.index, "ret_cap"].to_numpy()))


def said_of(seed):
    """Words drawn at random over the weeks of `walk_forward`, and the same counted the slow way."""
    rng = np.random.default_rng(seed)
    dates = walk_forward()["date"]
    rows = [
        {"kind": kind, "date": date, "word": rng.choice(names), "claim": rng.choice([*names, None])}
        for kind, names in (
            ("size", ["calm", "usual", "turbulent"]),
            ("direction", ["rotation", "breakdown", "neither"]),
        )
        for date in dates
    ]
    return history.Said(pd.DataFrame(rows), {"calm": True, "usual": False, "turbulent": True, "rotation": False}), rows


def test_hits_and_misses_are_those_of_the_words_by_todays_rule():
    said, rows = said_of(3)
    found = {row[0]: row[1:] for row in history.hits(said).rows}
    assert list(found) == ["calm", "usual", "turbulent", "rotation", "breakdown"]
    for name, (weeks, right, wrong, share, otherwise, printed) in found.items():
        kind = "direction" if name in ("rotation", "breakdown") else "size"
        known = [row for row in rows if row["kind"] == kind and row["claim"] is not None]
        hit = [row["claim"] == name for row in known if row["word"] == name]
        other = [row["claim"] == name for row in known if row["word"] != name]
        assert (int(weeks), int(right), int(wrong)) == (len(hit), sum(hit), len(hit) - sum(hit))
        assert share == f"{100 * sum(hit) / len(hit):.1f} %"
        assert otherwise == f"{100 * sum(other) / len(other):.1f} %"
        assert printed == ("yes" if name in ("calm", "turbulent") else "no")


def test_only_words_that_may_be_printed_are_drawn():
    said, rows = said_of(4)
    table = walk_forward()
    drawn = history.probabilities(table, said)
    axes = drawn.axes[-1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["calm", "turbulent"]
    first = table["date"].iloc[-history.WEEKS]
    dots = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() != "none"]
    filled = sum(len(line.get_xdata()) for line in dots)
    assert filled == sum(row["word"] == row["claim"] in ("calm", "turbulent") and row["date"] >= first for row in rows)
    assert len(history.probabilities(table).axes) == len(drawn.axes) - 1


def test_outcomes_keep_their_colour_and_ids_are_unique():
    first = svg.inline(history.probabilities(walk_forward()), "one", "T & t", "<d>")
    assert f"var({svg.VARIABLES[OUTCOME_COLORS['rotation'].lower()]})" in first
    assert '<title id="one-title">T &amp; t</title><desc id="one-desc">&lt;d&gt;</desc>' in first
    assert "#009e73" not in first
    assert not set(svg.PALETTE) & set(OUTCOME_COLORS.values())
    ids = re.findall(r'\bid="([^"]+)"', first)
    assert len(ids) == len(set(ids))
    assert all(one.startswith("one-") for one in ids)
    assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', first)) <= {(a, "") for a in ids} | {("", a) for a in ids}


def test_percentile_by_hand():
    assert charts.percentile(pd.Series([1.0, 4.0, 2.0, np.nan, 3.0])) == 0.5
    assert np.isnan(charts.percentile(pd.Series([np.nan])))


def test_bands_are_counted_and_drawn():
    rng = np.random.default_rng(5)
    dates = pd.date_range("2020-01-03", periods=200, freq="W-FRI")
    rows = pd.DataFrame({"date": dates, "leg": "broad", "horizon": 21, "realised": rng.normal(0, 0.05, 200)})
    for name, z in {"q05": -1.645, "q10": -1.282, "q25": -0.674, "q75": 0.674, "q90": 1.282, "q95": 1.645}.items():
        rows[name] = rows[f"base_{name}"] = 0.05 * z
    rows.loc[195:, "realised"] = np.nan
    inside = (rows["realised"].abs() <= 0.05 * 1.282).sum() / 195
    told = history.bands(pd.concat([rows, rows.assign(leg="cap")]), "regime-range v1")
    assert f"Of 195 weeks out of sample {100 * inside:.1f}&nbsp;% ended inside" in told
    assert told.count("<svg") == 1


@pytest.mark.parametrize("months", [1, 3, 7, 12, 17, 24, 29, 30, 33, 35, 36, 60, 400])
def test_every_span_has_a_few_dates_beneath(months):
    """A span between years and months made Matplotlib warn, and warnings are errors here."""
    days = pd.date_range("2021-07-02", periods=2 + round(months * 30.44 / 7), freq="W-FRI")
    figure = Figure()
    axes = figure.subplots()
    axes.plot(days, range(len(days)))
    charts.dates(axes)
    figure.canvas.draw()
    shown = [one for one in axes.get_xticks() if axes.get_xlim()[0] <= one <= axes.get_xlim()[1]]
    assert 2 <= len(shown) <= 7
