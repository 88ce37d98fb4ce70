"""Figures of the protocol against scikit-learn, arch, and slow loops."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import CircularBlockBootstrap
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from features.data.errors import RegimeError
from models.evaluation import bootstrap, calibration, discrimination, metrics, verdicts
from models.evaluation.predictions import PERIOD_SUFFIXES
from tests.support.scored_tables import OUTCOMES, scored


@pytest.fixture(scope="module")
def one():
    frame, p, codes = scored()
    return frame, p, codes, metrics.evaluate(frame)


def test_against_scikit_learn(one):
    frame, p, codes, got = one
    assert got["log_loss"] == pytest.approx(log_loss(codes, p, labels=[0, 1, 2]))
    base = frame[[f"base_{name}" for name in OUTCOMES]].to_numpy()
    saved = 1 - got["log_loss"] / log_loss(codes, base, labels=[0, 1, 2])
    assert got["log_loss_skill"] == pytest.approx(saved)
    assert got["log_loss_skill_trailing"] == pytest.approx(1 - got["log_loss"] / np.log(3))
    for place, name in enumerate(OUTCOMES):
        truth = codes == place
        assert got[f"brier_{name}"] == pytest.approx(brier_score_loss(truth, p[:, place]))
        want = 1 - got[f"brier_{name}"] / brier_score_loss(truth, base[:, place])
        assert got[f"brier_skill_{name}"] == pytest.approx(want)
    assert got["auc_breakdown"] == pytest.approx(roc_auc_score(codes == 1, p[:, 1]))
    assert got["auc_rotation"] == pytest.approx(roc_auc_score(codes == 0, p[:, 0]))
    part = codes < 2
    assert got["auc_head_to_head"] == pytest.approx(roc_auc_score(codes[part] == 0, (p[:, 0] / p[:, :2].sum(1))[part]))
    assert got["effective_months"] == pytest.approx(600 * 5 / 21)
    assert got["log_loss_skill_p"] < 0.01
    assert got["log_loss_skill_low"] < got["log_loss_skill"] < got["log_loss_skill_high"]


def test_rotation_against_neither_and_the_margin(one):
    frame, p, codes, got = one
    calm = codes != 1
    base = frame[[f"base_{name}" for name in OUTCOMES]].to_numpy()
    said = [log_loss(codes[calm] == 0, (x[:, 0] / (x[:, 0] + x[:, 2]))[calm]) for x in (p, base)]
    assert got["log_loss_skill_rotation"] == pytest.approx(1 - said[0] / said[1])
    moved = pd.Index(OUTCOMES).get_indexer(frame["outcome_margin"])
    said = [log_loss(moved, x, labels=[0, 1, 2]) for x in (p, base)]
    assert got["log_loss_skill_margin"] == pytest.approx(1 - said[0] / said[1])
    assert got["log_loss_skill_margin"] != got["log_loss_skill"]


def test_head_to_head_within_volatility_by_pairs():
    frame, p, codes = scored(3, n=120)
    quintile = pd.qcut(frame["volatility"], 5, labels=False).to_numpy()
    score = p[:, 0] / (p[:, 0] + p[:, 1])
    agreed, pairs = 0.0, 0
    for i in np.flatnonzero(codes == 0):
        for j in np.flatnonzero(codes == 1):
            if quintile[i] == quintile[j]:
                pairs += 1
                agreed += (score[i] > score[j]) + 0.5 * (score[i] == score[j])
    assert metrics.evaluate(frame)["auc_head_to_head_vol"] == pytest.approx(agreed / pairs)


def test_skill_that_is_only_volatility_vanishes_within_quintiles():
    frame, _, _ = scored(n=6000)
    rng = np.random.default_rng(5)
    wild = frame["volatility"].rank(pct=True)
    frame["outcome"] = np.where(rng.random(6000) < 0.1 + 0.8 * (wild > 0.6), "breakdown", "rotation")
    frame["p_breakdown"], frame["p_rotation"], frame["p_neither"] = 0.8 * wild, 0.8 - 0.8 * wild, 0.2
    got = metrics.evaluate(frame)
    assert got["auc_head_to_head"] > 0.85
    assert got["auc_head_to_head_vol"] == pytest.approx(0.5, abs=0.04)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_concordance_is_the_area_under_the_curve(rows):
    truth, score = (np.array(column) for column in zip(*rows, strict=True))
    got = discrimination.concordance(truth, score)
    if truth.all() or not truth.any():
        assert np.isnan(got)
    else:
        assert got == pytest.approx(roc_auc_score(truth, score))


def test_each_period_is_scored_as_if_alone():
    frame, _, _ = scored(n=1300)
    frame["date"] = pd.date_range("1993-01-01", periods=1300, freq="W-FRI")  # weeks in every period
    got = metrics.evaluate(frame)
    date, last = frame["date"], frame["date"][frame["outcome"].notna()].max()
    spans = {
        "_1990_1996": date < "1997",
        "_1997_2011": (date >= "1997") & (date < "2012"),
        "_1997_on": date >= "1997",
        "_2012_on": date >= "2012",
        "_last_10_years": date > last - pd.DateOffset(years=10),
    }
    assert set(spans) == set(PERIOD_SUFFIXES)
    for suffix, inside in spans.items():
        alone = metrics.evaluate(frame[inside], full=False)
        for name in ("log_loss_skill", "log_loss_skill_p", "auc_head_to_head", "brier_skill_neither"):
            assert got[name + suffix] == pytest.approx(alone[name])
    falter = frame[frame["faltering"]]
    assert got["log_loss_faltering"] == pytest.approx(metrics.evaluate(falter, full=False)["log_loss"])


def test_light_is_a_part_of_full_and_missing_columns_are_missing_figures(one):
    frame, _, _, got = one
    light = metrics.evaluate(frame, full=False)
    assert light.items() <= got.items()
    assert {"log_loss_skill_p", "auc_head_to_head", "brier_rotation", "log_loss_skill_faltering"} <= set(light)
    trailing = [name for name in frame if name.startswith("trailing_")]
    bare = metrics.evaluate(frame.drop(columns=[*trailing, "volatility", "outcome_margin", "faltering"]))
    assert set(got) - set(bare) == {
        name for name in got if name.endswith("_faltering") or any(x in name for x in ("trailing", "_vol", "_margin"))
    }


def test_two_outcomes_and_months():
    frame, p, codes = scored(1, n=240, outcomes=("breakdown", "neither"), freq="BME")
    got = metrics.evaluate(frame)
    assert got["effective_months"] == 240
    assert got["log_loss"] == pytest.approx(log_loss(codes, p, labels=[0, 1]))
    assert got["auc_breakdown"] == pytest.approx(roc_auc_score(codes == 0, p[:, 0]))
    assert got["log_loss_skill_p"] == bootstrap.p_value(_gain(frame, codes), blocks=(6, 12))
    assert not [name for name in got if "rotation" in name or "head_to_head" in name or "margin" in name]


def _gain(frame, codes):
    outcomes = [name[2:] for name in frame if name.startswith("p_")]
    rows = np.arange(len(frame))
    parts = [frame[[f"{x}_{name}" for name in outcomes]].to_numpy()[rows, codes] for x in ("p", "base")]
    return np.log(parts[0]) - np.log(parts[1])


def test_the_order_of_rows_is_nothing(one):
    frame, _, _, got = one
    assert metrics.evaluate(frame.sample(frac=1.0, random_state=2)) == pytest.approx(got)


def test_unmatured_weeks_do_not_count(one):
    frame, _, _, got = one
    later = frame.tail(4).assign(outcome=None, date=frame["date"].iloc[-1] + pd.to_timedelta([7, 14, 21, 28], "D"))
    assert metrics.evaluate(pd.concat([frame, later]), full=False).items() <= got.items()
    assert metrics.evaluate(later) == {}


def test_skill_without_the_best_crisis_by_hand():
    n = 60
    frame = pd.DataFrame({"date": pd.date_range("2000-01-07", periods=n, freq="W-FRI"), "outcome": "neither"})
    frame.loc[[2, 4, 30, 33], "outcome"] = "breakdown"  # two episodes: weeks 2-4 and 30-33
    frame[["p_breakdown", "p_neither", "base_breakdown", "base_neither"]] = [0.2, 0.8, 0.1, 0.9]
    frame.loc[30:33, ["p_breakdown", "p_neither"]] = [0.5, 0.5]
    got = metrics.evaluate(frame)
    # without weeks 30-33: two breakdowns met with 0.2 for 0.1, 54 calm weeks with 0.8 for 0.9
    want = 1 - (2 * np.log(0.2) + 54 * np.log(0.8)) / (2 * np.log(0.1) + 54 * np.log(0.9))
    assert got["episodes"] == 2
    assert got["log_loss_skill_without_best_crisis"] == pytest.approx(want)
    assert verdicts.episode_spans(pd.DatetimeIndex(frame["date"][[2, 4, 30, 33]])) == [
        (frame["date"][2], frame["date"][4]),
        (frame["date"][30], frame["date"][33]),
    ]


def test_gain_by_year_adds_up(one):
    frame, _, codes, _ = one
    got = metrics.gain_by_year(frame)
    assert list(got.index) == sorted(frame["date"].dt.year.unique())
    in_2003 = (frame["date"].dt.year == 2003).to_numpy()
    assert got[2003] == pytest.approx(_gain(frame, codes)[in_2003].sum())
    assert got.sum() == pytest.approx(_gain(frame, codes).sum())


@pytest.mark.parametrize(("size", "block"), [(104, 26), (130, 52), (333, 26), (60, 52)])
def test_resampled_means_are_those_of_arch(size, block):
    x = np.random.default_rng(size).normal(size=size)
    arch = CircularBlockBootstrap(block, x, seed=3).apply(np.mean, bootstrap.REPLICATIONS)[:, 0]
    np.testing.assert_allclose(bootstrap.resampled_means(x, block, 3), arch, atol=1e-12)


def test_the_interval_is_that_of_arch_widened():
    rng = np.random.default_rng(1)
    loss, reference = rng.gamma(2.0, size=(2, 300))

    def skill(a, b):
        return 1.0 - a.mean() / b.mean()

    draws = CircularBlockBootstrap(26, loss, reference, seed=0).apply(skill, bootstrap.REPLICATIONS)
    centre = skill(loss, reference)
    want = centre + (np.quantile(draws, [0.05, 0.95]) - centre) / np.sqrt(1 - 26 / 300)
    got = bootstrap.interval(lambda a, b: 1.0 - a / b, (loss, reference), (26,))
    np.testing.assert_allclose(got, want)


def test_the_p_value_is_honest_under_overlap():
    """Under the null, with month-long dependence, p < 0.05 about one time in twenty."""
    tries, hits = 600, 0
    for seed in range(tries):
        noise = np.random.default_rng(seed).normal(size=1774)
        hits += metrics.p_value(np.convolve(noise, np.ones(5), "valid")) < 0.05
    low, high = binom.interval(0.999, tries, 0.05)
    assert low <= hits <= high


def test_the_interval_covers_as_often_as_it_says():
    tries, hits = 300, 0
    for seed in range(tries):
        noise = np.random.default_rng(seed).normal(0.3, 1.0, size=1774)
        low, high = bootstrap.interval(lambda mean: mean, (np.convolve(noise, np.ones(5) / 5, "valid"),))
        hits += low <= 0.3 <= high
    assert binom.cdf(hits, tries, 0.90) > 0.001


def test_a_real_gain_is_found_and_none_is_no_evidence():
    noise = np.random.default_rng(0).normal(size=1000)
    assert metrics.p_value(noise + 0.2) < 0.001
    assert metrics.p_value(noise - 0.2) > 0.99
    assert metrics.p_value(np.zeros(500)) == 1.0
    assert metrics.p_value(noise[:103] + 5.0) == 1.0  # two years of weeks at least


def test_a_forecast_of_base_rates_has_no_skill():
    frame, _, _ = scored(n=300)
    for name in OUTCOMES:
        frame[f"p_{name}"] = frame[f"base_{name}"]
    got = metrics.evaluate(frame)
    assert got["log_loss_skill"] == 0.0
    assert got["log_loss_skill_p"] == got["log_loss_skill_rotation_p"] == 1.0
    assert got["auc_breakdown"] == got["auc_head_to_head"] == 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.drop(columns="base_neither"), "base_neither"),
        (lambda x: x.assign(outcome="stress"), "'stress' has no column p_"),
        (lambda x: _hole(x), "2000-02-11"),
        (lambda x: x[["date", "outcome"]], "p_<outcome>"),
    ],
)
def test_bad_tables_are_named(change, said):
    with pytest.raises(RegimeError, match=said):
        metrics.evaluate(change(scored(n=50)[0]))


def _hole(frame):
    frame.loc[5, "p_rotation"] = np.nan
    return frame


def test_a_handful_of_weeks_gives_what_it_can():
    got = metrics.evaluate(scored(n=3)[0])
    assert got["log_loss_skill_p"] == 1.0
    assert "log_loss_skill_low" not in got
    assert all(np.isfinite(value) for value in got.values())


def test_a_head_to_head_is_marked_unless_it_beats_its_rival(one):
    frame, p, codes, _ = one
    rival = frame.copy()
    rival[["p_rotation", "p_breakdown"]] = np.repeat(p[:, :2].sum(axis=1, keepdims=True) / 2, 2, axis=1)
    assert metrics.head_to_head_p(frame, rival) < 0.01
    assert metrics.head_to_head_p(rival, frame) > 0.95
    assert metrics.head_to_head_p(frame, frame) == 1.0
    # Weeks of neither count nothing: whatever both say there changes nothing.
    calm = codes == 2
    for table in (a := frame.copy(), b := rival.copy()):
        table.loc[calm, ["p_rotation", "p_breakdown", "p_neither"]] = [0.7, 0.2, 0.1]
    assert metrics.head_to_head_p(a, b) == metrics.head_to_head_p(frame, rival)


def test_the_gain_over_another_model_by_hand():
    made, p, codes = scored()
    names, flat = [f"p_{name}" for name in OUTCOMES], (p + 0.2) / 1.6
    rival = made.assign(**dict(zip(names, flat.T, strict=True)))
    found = metrics.ahead_of(made, rival, "markov")
    rows = np.arange(len(codes))
    gain = np.log(p[rows, codes]) - np.log(flat[rows, codes])
    assert found["ahead_of_markov"] == pytest.approx(gain.mean())
    assert found["ahead_of_markov_p"] == pytest.approx(metrics.p_value(gain))
    last = made["date"].iloc[len(codes) - 1]
    late = (made["date"] > last - pd.DateOffset(years=10)).to_numpy()[: len(codes)]
    assert found["ahead_of_markov_last_10_years"] == pytest.approx(gain[late].mean())
    assert metrics.ahead_of(made, made, "markov")["ahead_of_markov_p"] == 1.0


def test_intervals_and_recalibration_of_months_use_blocks_and_lags_of_months():
    """A gain too short for blocks of weeks has an interval in blocks of 6 and 12 months."""
    frame, p, codes = scored(1, n=90, outcomes=("breakdown", "neither"), freq="BME")
    got = metrics.evaluate(frame)
    base = frame[["base_breakdown", "base_neither"]].to_numpy()
    rows = np.arange(90)
    loss, reference = -np.log(p[rows, codes]), -np.log(base[rows, codes])
    want = bootstrap.interval(lambda a, b: 1.0 - a / b, (loss, reference), (6, 12))
    np.testing.assert_allclose((got["log_loss_skill_low"], got["log_loss_skill_high"]), want)
    slope = calibration.recalibration(p[:, 0], codes == 0, np.ones(90, dtype=bool), 6)
    assert got["calibration_slope_breakdown_low"] == pytest.approx(slope["calibration_slope_low"])
    weekly = metrics.evaluate(frame.assign(date=pd.date_range("2000-01-07", periods=90, freq="W-FRI")))
    assert "log_loss_skill_low" not in weekly


def test_the_head_to_head_s_p_is_that_of_the_gain_over_the_rival(one):
    """By hand: positive gains of the first table are evidence for it, in calendar time."""
    frame, p, codes, _ = one
    rival = frame.copy()
    rival[["p_rotation", "p_breakdown"]] = rival[["p_rotation", "p_breakdown"]].to_numpy() * [1.0, 1.3]
    share = p[:, 0] / (p[:, 0] + p[:, 1])
    other = p[:, 0] / (p[:, 0] + 1.3 * p[:, 1])
    right = [np.where(codes == 0, said, 1.0 - said) for said in (share, other)]
    gain = np.where(codes < 2, np.log(right[0]) - np.log(right[1]), 0.0)
    assert metrics.head_to_head_p(frame, rival) == pytest.approx(bootstrap.p_value(gain))
    assert metrics.head_to_head_p(rival, frame) == pytest.approx(bootstrap.p_value(-gain))


@pytest.mark.parametrize(("monthly", "enough"), [(False, 104), (True, 24)])
def test_two_of_the_longest_blocks_are_needed_for_a_p_and_an_interval(monthly, enough):
    """Blocks of 26 and 52 weeks, of 6 and 12 months."""
    rng = np.random.default_rng(0)
    reference = rng.uniform(0.9, 1.1, 300)
    for count in (enough - 1, enough):
        on = np.arange(300) < count
        p = metrics._significance(reference - 0.2, reference, on, monthly)
        reach = metrics._reach(0.8 * reference, reference, on, monthly)
        if count < enough:
            assert p == 1.0
            assert reach == {}
        else:
            assert p < 0.1
            # A loss of four fifths in every week that counts is a skill of one fifth in every resample.
            assert reach == pytest.approx({"log_loss_skill_low": 0.2, "log_loss_skill_high": 0.2})


def test_without_rotation_a_head_to_head_has_no_p():
    two, _, _ = scored(outcomes=("breakdown", "neither"))
    assert metrics.head_to_head_p(two, two) == 1.0


@pytest.mark.parametrize(("monthly", "lags"), [(False, 26), (True, 6)])
def test_recalibration_is_reported_with_half_a_year_of_lags(monthly, lags):
    outcomes = ("breakdown", "neither") if monthly else OUTCOMES
    frame, p, codes = scored(outcomes=outcomes, freq="BME" if monthly else "W-FRI", n=400)
    got, place = metrics.evaluate(frame), outcomes.index("breakdown")
    want = calibration.recalibration(p[:, place], codes == place, np.ones(400, bool), lags)
    mine = {name.replace("_breakdown", ""): value for name, value in got.items() if name.startswith("calibration_")}
    ours = {name for name in got if name.startswith("calibration_") and "_breakdown" in name}
    assert ours >= {"calibration_slope_breakdown", "calibration_slope_breakdown_low"}
    for name, value in want.items():
        assert mine[name] == pytest.approx(value), name


def test_onsets_and_tails_by_hand(one):
    frame, p, codes, _ = one
    made = frame.assign(refit=frame["date"].iloc[0])
    days = pd.bdate_range(frame["date"].iloc[0] - pd.Timedelta(days=200), frame["date"].iloc[-1])
    steps = pd.DataFrame(
        np.random.default_rng(5).normal(0.0, 0.01, (len(days), 3)), days, ["ret_broad", "ret_cap", "ret_bill"]
    )
    got = metrics.evaluate(made.drop(columns="refit"), steps)
    level = (1.0 + steps["ret_broad"]).cumprod()
    dates = frame["date"][: len(codes)]
    near = np.array([level[day] / level[:day].iloc[-63:].max() - 1.0 >= -0.05 for day in dates])
    fell, said = codes == 1, p[:, 1]
    assert 50 < near.sum() < len(near) - 50
    assert got["auc_onset"] == pytest.approx(roc_auc_score(fell[near], said[near]))
    assert got["auc_deep"] == pytest.approx(roc_auc_score(fell[~near], said[~near]))
    top = said >= np.quantile(said, 0.95)
    assert got["tail_bias_breakdown"] == pytest.approx(fell[top].mean() - said[top].mean())
    assert got["tail_bias_breakdown_low"] < got["tail_bias_breakdown"] < got["tail_bias_breakdown_high"]
    firsts = [i for i in np.flatnonzero(fell) if not fell[max(0, i - 13) : i].any()]
    assert got["episodes_called"] == pytest.approx((said[firsts] > np.quantile(said[~fell], 0.8)).mean())
    assert "episodes_called_faltering" not in got
    assert "auc_onset_faltering" in got
    assert "auc_onset" not in metrics.evaluate(frame)
