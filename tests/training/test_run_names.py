"""Names that say the experiment and what differs from its file."""

from features.dataset import OUTCOMES
from models.spec import PROTOCOL, ModelSpec, baseline
from training import config, run_names


def test_what_differs_is_said_by_key_with_before_and_now():
    made = config.read_changes("default", ["params.max_depth=2", "label=return", "refit_weeks=26"])
    assert made == {"label": ("path", "return"), "params.max_depth": ("3", "2")}  # the file has 26 weeks already
    assert run_names.name_of("default", made) == "default label=return max_depth=2"
    assert run_names.said(made) == "label path -> return, params.max_depth 3 -> 2"
    assert run_names.said({}) == "none"
    assert run_names.name_of("default", {}) == "default"


def test_a_key_that_only_one_has():
    before, now = ModelSpec(estimator="logit-all"), ModelSpec(estimator="logit-all", monotone={"slope": 1})
    assert run_names.changes(before, now) == {"monotone.slope": ("none", "1")}


def test_a_long_name_is_cut():
    made = {f"params.{name}{place}": ("1", "2") for place in range(30) for name in OUTCOMES}
    name = run_names.name_of("default", made)
    assert len(name) == run_names.LONGEST
    assert name.endswith("…")


def test_a_baseline_s_name_says_what_is_not_the_protocol_s():
    spec = ModelSpec(seed=9, **PROTOCOL)
    assert run_names.baseline_name(baseline(spec, "markov")) == "baseline markov"
    assert run_names.baseline_name(baseline(spec.replace(label="return"), "markov")) == "baseline markov label=return"
    later = baseline(spec.replace(train_start="1990-01-01"), "logit-all")
    assert run_names.baseline_name(later) == "beside logit-all train_start=1990-01-01"
