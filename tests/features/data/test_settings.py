"""The settings file: validated, private when it holds secrets, below the environment."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.data import environment, paths, settings
from features.data.errors import RegimeError
from features.data.sources import fred


def write(text, mode=0o600):
    path = settings.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_without_a_file_every_setting_has_its_default():
    assert settings.load() == settings.Settings()


def test_the_environment_comes_before_the_file(tmp_path, monkeypatch):
    write(f'fred_api_key = "of the file"\nhome = "{tmp_path / "in the file"}"\n')
    monkeypatch.setenv("FRED_API_KEY", "of the environment")
    assert fred.api_key() == "of the environment"
    assert paths.home() == tmp_path / "home"  # REGIME_HOME, as every test has it
    monkeypatch.delenv("FRED_API_KEY")
    monkeypatch.delenv("REGIME_HOME")
    assert fred.api_key() == "of the file"
    assert paths.home() == tmp_path / "in the file"


def test_another_file_is_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("REGIME_CONFIG", str(tmp_path / "mine.toml"))
    with pytest.raises(RegimeError, match=r"mine\.toml: no such settings file"):
        settings.load()
    (tmp_path / "mine.toml").write_text('source = "sample"\n')
    assert settings.load().source == "sample"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source = sample", "is not TOML"),
        ('source = "yahoo"', "source: Input should be 'sample', 'folder' or 'live'"),
        ("[weekly]\nbudget = 0", "weekly.budget: Input should be greater"),
        ('colour = "red"', "colour: Extra inputs are not permitted"),
        ('[notify]\non = ["all"]', "notify.on.0"),
        ('fred_api_key = ["secret"]', "fred_api_key: Input should be a valid string"),
    ],
)
def test_a_wrong_file_is_one_line_without_its_values(text, said):
    path = write(text)
    with pytest.raises(RegimeError) as error:
        settings.load()
    assert str(error.value).startswith(str(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.skipif("os.name == 'nt'", reason="Windows has no such modes")
def test_secrets_that_others_may_read_are_refused():
    write('fred_api_key = "x"\n', mode=0o644)
    with pytest.raises(RegimeError, match="others may read it: run `chmod 600"):
        settings.load()
    write('source = "live"\n', mode=0o644)
    assert settings.load().source == "live"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@given(
    source=st.sampled_from(["sample", "folder", "live", None]),
    folder=st.none() | WORDS.map(Path),
    key=st.none() | WORDS,
    urls=st.lists(WORDS, max_size=3).map(tuple),
    budget=st.integers(1, 10**6),
    catch_up=st.booleans(),
)
def test_what_is_written_is_read_back(source, folder, key, urls, budget, catch_up):
    made = settings.Settings(
        source=source,
        folder=folder,
        fred_api_key=key,
        notify=settings.NotifySettings(urls=urls),
        weekly=settings.WeeklySettings(budget=budget, catch_up=catch_up),
    )
    assert settings.parse(settings.to_toml(made), "here") == made


def test_the_environment_is_read_as_it_is_now(monkeypatch):
    monkeypatch.setenv("FRED_API_KEY", "")  # empty: not set
    assert environment.read().fred_api_key is None
    monkeypatch.setenv("FRED_API_KEY", "a secret")
    assert environment.read().fred_api_key == "a secret"
    assert "a secret" not in repr(environment.read())
    assert {"REGIME_HOME", "REGIME_CONFIG", "SEC_USER_AGENT", "MLFLOW_TRACKING_URI"} <= set(environment.described())
    assert all(environment.described().values())
