"""An experiment is a file, and settings on the command line over it."""

from pathlib import Path

import pytest

from features.data.errors import RegimeError
from models.destinations.spec import DestinationsSpec
from models.range.spec import RangeSpec
from models.spec import BOUNDS, LIGHTGBM_DEFAULTS, ModelSpec
from training.config import FOLDER, is_destinations, is_range, read_destinations_spec, read_range_spec, read_spec
from training.model_run import model_name


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_every_shipped_experiment_can_be_read(name):
    if is_destinations(name):
        assert isinstance(read_destinations_spec(name), DestinationsSpec)
    elif is_range(name):
        assert isinstance(read_range_spec(name), RangeSpec)
    else:
        assert isinstance(read_spec(name), ModelSpec)


def test_settings_are_over_the_file():
    spec = read_spec(
        "lightgbm",
        ["params.max_depth=2", "label=return", "families=['rates']", "train_start=1970-01-01", "as_published=true"],
    )
    assert spec.params == read_spec("lightgbm").params | {"max_depth": 2}
    assert (spec.label, spec.families, spec.train_start) == ("return", ("rates",), "1970-01-01")
    assert spec.as_published is True
    assert read_spec("lightgbm", ["params.learning_rate=0.05", "seed=3", "seed = 4"]).seed == 4


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("refit_week=3", "'refit_week'.*'refit_weeks'"),
        ("params.max_depht=3", "max_depht.*max_depth"),
        ("params.max_depth=two", "max_depth is 'two': a number is needed"),
        ("seed=a\nlabel='return'", "seed is"),
        ("seed.x=1", "seed is not a table"),
        ("seed=1.5", "seed is 1.5: a whole number"),
        ("label=paht", "unknown label 'paht'"),
        ("families=rates", "families is 'rates'"),
        ("families=['rate']", "'rate': nearest known is 'rates'"),
        ("exclude=['vixx']", "'vixx': nearest known is 'vix'"),
        ("train_start=1990-13-01", "train_start is '1990-13-01': a date YYYY-MM-DD"),
        ("train_start=abc", "train_start is 'abc'"),
        ("params.learning_rate=-1", "learning_rate is -1; a number from 1e-05 to 1"),
        ("params.bagging_fraction=3", "bagging_fraction is 3; a number from 0.01 to 1"),
        ("params.max_depth=2.7", "max_depth is 2.7; a whole number"),
        ("half_life_years=-1", "half_life_years is -1: 0"),
        ("seed", "key=value"),
        ("=3", "key=value"),
    ],
)
def test_a_bad_setting_is_said(setting, said):
    with pytest.raises(RegimeError, match=said):
        read_spec("lightgbm", [setting])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("members=['hra']", "unknown member of a scale 'hra': nearest known is 'har'"),
        ("members=['log_vol_cap_21']", "unknown member of a scale 'log_vol_cap_21'"),
        ("first_test=1956-01-01", "first_test is 1956-01-01: give last_test too"),
        ("last_test=1956-02-30", "last_test is '1956-02-30': a date YYYY-MM-DD"),
    ],
)
def test_a_bad_setting_of_a_range_is_said(setting, said):
    with pytest.raises(RegimeError, match=said):
        read_range_spec("range", [setting])


def test_a_range_s_settings_are_over_the_file():
    settings = ["first_test=1956-01-01", "last_test=1989-09-30", "members=['har','log_garch_broad_21']"]
    spec = read_range_spec("range", settings)
    assert (spec.first_test, spec.last_test, spec.members) == (
        "1956-01-01",
        "1989-09-30",
        ("har", "log_garch_broad_21"),
    )


@pytest.mark.parametrize("name", ["range", "destinations"])
def test_an_experiment_of_another_kind_is_said(name):
    with pytest.raises(RegimeError, match=f"the experiment {name} is one of a range or of groups"):
        read_spec(name)


def test_a_bad_date_of_groups_is_said():
    for key in ("first_test", "train_start"):
        with pytest.raises(RegimeError, match=f"{key} is '1945': a date YYYY-MM-DD"):
            read_destinations_spec("destinations", [f"{key}='1945'"])


@pytest.mark.parametrize(
    ("name", "settings", "called"),
    [
        ("default", (), "lightgbm+logit-all+simulation"),
        ("lightgbm", (), "lightgbm"),
        ("markov", (), "markov"),
        ("markov", ("label=return", "seed=3"), "markov"),
        ("markov", ("calibration=climatology",), "altered-markov"),
        ("logit-all", ("families=['breadth']",), "altered-logit-all"),
        ("logit2", ("blend=['markov']",), "altered-logit2+markov"),
        ("jump", ("train_start=1964-01-01",), "altered-jump"),
    ],
)
def test_a_model_is_called_what_it_is(name, settings, called):
    assert model_name(read_spec(name, settings)) == called


def test_constraints_bind_no_model_of_three_classes():
    with pytest.raises(RegimeError, match="no lightgbm in the blend"):
        read_spec("monotone", ["blend=['lightgbm']"])


def test_every_parameter_has_bounds_that_hold_its_default():
    assert set(BOUNDS) == set(LIGHTGBM_DEFAULTS)
    assert all(low <= LIGHTGBM_DEFAULTS[name] <= high for name, (low, high) in BOUNDS.items())


def test_a_file_of_ones_own_without_its_ending(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("seed = 9\n")
    with pytest.raises(RegimeError, match=r"no experiment 'mine' is known: name the file with its ending, mine\.toml$"):
        read_spec("mine")
    assert read_spec("mine.toml").seed == 9
    with pytest.raises(RegimeError, match="did you mean"):
        read_spec("another")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('kind = "staged"\n[params]\nmax_depth = 2\n')
    assert read_spec(str(path), ["seed=9"]) == ModelSpec(estimator="staged", seed=9, params={"max_depth": 2})
    path.write_text("kind = ")
    with pytest.raises(RegimeError, match="not TOML"):
        read_spec(str(path))
    with pytest.raises(RegimeError, match="did you mean default"):
        read_spec(str(tmp_path / "defalt.toml"))
