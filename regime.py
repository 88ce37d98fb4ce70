"""Rotation or breakdown? The whole program behind one name.

In a notebook, ``import regime`` gives the functions below: data, data set,
experiments, runs, calls and the journal, as pandas tables or the program's own
types. In a shell, ``regime`` (or ``python -m regime``) gives the commands.

Nothing heavy is imported before a function or a command needs it.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from features.data.store import Snapshot
    from features.dataset import Dataset
    from models.spec import ModelSpec
    from serving.call import Call

__all__ = (
    "call",
    "catalog",
    "dataset",
    "experiment",
    "features",
    "freshness",
    "journal",
    "places",
    "refresh",
    "report",
    "runs",
    "snapshot",
    "specification",
    "use",
)


def refresh(source: str = "sample", folder: str | Path | None = None) -> dict[str, Any]:
    """Read a source into a new snapshot and put it in force.

    Parameters
    ----------
    source : str
        `sample` (embedded), `folder` (tables of your own) or `live` (Yahoo, FRED and Ken French's library).
    folder : path, optional
        The folder, with `source="folder"`.

    Returns
    -------
    dict
        `digest`, `source`, `legs`, `last` session, number of `tables`, `caveat` and `notes` where there are any.

    Raises
    ------
    RegimeError
        The source is unusable; the stored data stay.
    """
    from features import readback
    from features.data.refresh import refresh_store

    return refresh_store(_source(source), None if folder is None else Path(folder), prove=readback.check)


def use(source: str) -> Snapshot:
    """Put the stored snapshot of a source in force and return it.

    Raises
    ------
    RegimeError
        Nothing is stored of that source.
    """
    from features.data import store

    store.use(_source(source).value)
    return store.load()


def snapshot(asof: str | date | None = None) -> Snapshot:
    """Return the stored data in force, or only what was available at the cut-off of the session `asof`.

    Raises
    ------
    RegimeError, RefusedError
        Nothing is stored yet, or the files were changed.
    """
    from features.data import store

    whole = store.load()
    return whole if asof is None else whole.as_of(_day(asof))


def freshness(asof: str | date | None = None) -> pd.DataFrame:
    """Return first and last value, age in days and allowed age of every stored series, a row a series."""
    from features.data.freshness import ages, reference_date

    whole = snapshot()
    against = reference_date(whole) if asof is None else _day(asof)
    return ages(whole.as_of(against), against)


def catalog() -> pd.DataFrame:
    """Return what every feature means: family, meaning, inputs, look-back in sessions; indexed by name."""
    import pandas as pd

    from features.families import FEATURES

    rows = [(one.name, one.family, one.meaning, ", ".join(one.inputs), one.lookback) for one in FEATURES]
    return pd.DataFrame(rows, columns=["name", "family", "meaning", "inputs", "lookback"]).set_index("name")


def features(asof: str | date | None = None) -> pd.DataFrame:
    """Return the daily value of every feature, (sessions, features), from data available at `asof`."""
    from features import feature_cache
    from features.dataset import FIRST_YEAR
    from features.families import FEATURES
    from features.panel import build_inputs

    return feature_cache.compute(FEATURES, build_inputs(snapshot(asof)), FIRST_YEAR)


def dataset(label: str = "path", asof: str | date | None = None) -> Dataset:
    """Return the weekly, labelled, point-in-time data set.

    Parameters
    ----------
    label : str
        `path`, `path-vol`, `return` or `stress` (`docs/method.md`).
    asof : str or date, optional
        Use only what was available then; outcomes that had not matured are missing.

    Raises
    ------
    RegimeError
        An unknown label, or less than a year of data.
    """
    from features.dataset import build

    return build(snapshot(asof), label)


def specification(name: str = "default", **changes: Any) -> ModelSpec:
    """Return the model specification of an experiment, with changes.

    Parameters
    ----------
    name : str
        A file in `training/experiments`, or a path that ends in `.toml`.
    **changes
        Keys of an experiment file; a table is given as a dict, as in ``params={"max_depth": 2}``.

    Raises
    ------
    RegimeError
        No such experiment, an unknown key, or a value of the wrong type or size.
    """
    from training import config

    return config.read_spec(name, _settings(changes))


def experiment(
    name: str = "default", *, workers: int = 2, note: str = "", again: bool = False, **changes: Any
) -> dict[str, Any]:
    """Run an experiment walk-forward with its baselines, log it in MLflow, and let the gate judge it.

    Parameters
    ----------
    name, **changes
        As in `specification`.
    workers : int
        Threads; the result is the same for any number.
    note : str
        Why it is run; kept beside the run.
    again : bool
        Run it even if the same experiment was run on the same data before; else that is returned, with `earlier`.

    Returns
    -------
    dict
        What `regime train run NAME --json` prints: the gate's decision, the metrics of every model, and the path of
        the out-of-sample `predictions`.
    """
    from training import config
    from training.experiment import run

    settings = _settings(changes)
    spec, text = config.read_spec(name, settings), config.read_text(name, settings)
    return run(
        config.experiment_name(name),
        spec,
        text,
        workers,
        changes=config.read_changes(name, settings),
        note=note,
        again=again,
    )


def runs() -> pd.DataFrame:
    """Return the finished runs with the metrics that the UI shows, the best first within label and source."""
    import pandas as pd

    from models.tracking.logged_runs import finished_runs
    from training import leaderboard

    return pd.DataFrame(leaderboard.rows(finished_runs(), []))


def call(asof: str | date | None = None) -> Call:
    """Return the latest call, or that of a past week with the data and a model of that week; nothing is written.

    Raises
    ------
    RegimeError, RefusedError
        No data, no model, or a required input is stale.
    """
    from serving.predict import make_call

    return make_call(None if asof is None else _day(asof))


def journal() -> pd.DataFrame:
    """Return the journal's calls by week, a row a line: when made, on which data, what was said."""
    from serving import journal_table

    return journal_table.table()


def report(to: str | Path | None = None) -> Path:
    """Write the latest call and the charts around it to one HTML file, and return its path."""
    from features.data.paths import home
    from serving.report import page

    return page.write_report(home() / "report.html" if to is None else Path(to))


def places() -> dict[str, str]:
    """Return where things are: `home` (snapshots, caches, report), `runs` (MLflow's tracking URI), `journal`."""
    from features.data.paths import home
    from models.tracking import location
    from serving import journal as calls

    return {"home": str(home()), "runs": location.uri(), "journal": str(calls.path())}


def _day(when: str | date) -> pd.Timestamp:
    from features.data.arguments import parse_date

    return parse_date(when if isinstance(when, str) else f"{when:%Y-%m-%d}", "asof")


def _source(name: str) -> Any:
    from features.data.errors import RegimeError
    from features.data.source import Source

    try:
        return Source(name)
    except ValueError as error:
        raise RegimeError(f"no source {name!r}: known are {', '.join(one.value for one in Source)}") from error


def _settings(changes: dict[str, Any], prefix: str = "") -> list[str]:
    """Changes as `KEY=VALUE`; JSON writes what an experiment file holds as TOML does."""
    found: list[str] = []
    for key, value in changes.items():
        if isinstance(value, dict):
            found += _settings(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}={json.dumps(value, ensure_ascii=False)}")
    return found


def main() -> None:
    """Run the command `regime`."""
    import regime_cli

    regime_cli.main()


if __name__ == "__main__":
    main()
