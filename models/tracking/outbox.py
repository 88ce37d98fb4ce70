"""Results that MLflow could not take, kept in `REGIME_HOME/outbox` until `regime train upload` sends them.

Layout::

    outbox/<id>/batch.json                    what to register, which aliases to move, everything but tables and files
    outbox/<id>/data.parquet                  the features
    outbox/<id>/<place>/predictions.parquet   of the result in that place
    outbox/<id>/<place>/files/...             its further artifacts
    outbox/<id>/sha256.json                   the SHA-256 of every other file; what was changed is not sent

An entry is written beside the others and then renamed: it is there whole or not at all.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from features.data import files
from features.data.errors import RegimeError
from features.data.paths import home
from features.data.table_files import sha256
from models import fitted
from models.tracking.runs import Result, dated

SUMS = "sha256.json"
TEXTS = (
    *("name", "params", "metrics", "tags", "document", "curves", "parent", "description", "id"),
    *("role", "began", "ended"),
)


@dataclass(frozen=True)
class Batch:
    """What one experiment found, and what the registry is to make of it.

    Attributes
    ----------
    register_as : str
        The registered model that gets a version of every result.
    results : dict of str to Result
        By model kind.
    data : DataFrame, (weeks, features)
    digest, source : str
        Of the snapshot.
    aliases : dict of str to (str or None)
        Alias to the kind it shall point at; None removes it.
    made : float
        When, in seconds since 1970: an alias that has moved since is left alone.
    known : dict of str to str
        Run ids of this experiment's baselines that were logged before, by kind.
    """

    register_as: str
    results: dict[str, Result]
    data: pd.DataFrame
    digest: str
    source: str
    aliases: dict[str, str | None] = field(default_factory=dict)
    made: float = field(default_factory=time.time)
    known: dict[str, str] = field(default_factory=dict)


def folder() -> Path:
    """Where the entries are."""
    return home() / "outbox"


def write(batch: Batch) -> Path:
    """Write a batch; returns its directory."""
    made = time.strftime("%Y%m%dT%H%M%S", time.gmtime(batch.made))
    entry = folder() / f"{made}-{next(iter(batch.results.values())).id[:8]}"
    with files.drafted_folder(folder()) as draft:
        results: dict[str, dict[str, Any]] = {}
        for place, (kind, result) in enumerate(batch.results.items()):
            results[kind] = {name: getattr(result, name) for name in TEXTS} | {
                "document": result.document.to_dict(),
                "tables": {name: table.to_dict("list") for name, table in result.tables.items()},
            }
            _keep_files(draft / str(place), result)
        batch.data.rename_axis("date").to_parquet(draft / "data.parquet")
        whole = {name: getattr(batch, name) for name in ("register_as", "digest", "source", "aliases", "made", "known")}
        (draft / "batch.json").write_text(json.dumps(whole | {"results": results}))
        (draft / SUMS).write_text(json.dumps(_sums(draft)))
        files.publish(draft, entry)
    return entry


def _sums(entry: Path) -> dict[str, str]:
    """SHA-256 of every file of an entry but the list itself."""
    paths = sorted(path for path in entry.rglob("*") if path.is_file() and path != entry / SUMS)
    return {path.relative_to(entry).as_posix(): sha256(path) for path in paths}


def _keep_files(place: Path, result: Result) -> None:
    place.mkdir()
    result.predictions.to_parquet(place / "predictions.parquet", index=False)
    for name, content in result.files.items():
        path = place / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def entries() -> list[Path]:
    """The kept batches, oldest first."""
    return sorted(path for path in folder().glob("*") if path.is_dir() and not path.name.startswith("."))


def read(entry: Path) -> Batch:
    """A kept batch.

    Raises
    ------
    RegimeError
        The entry is damaged; the message names it.
    """
    try:
        if (entry / SUMS).exists():  # entries of October 2026 have none
            kept, found = json.loads((entry / SUMS).read_text()), _sums(entry)
            changed = sorted(place for place in {*kept, *found} if kept.get(place) != found.get(place))
            if changed:
                raise ValueError(f"{changed[0]} was changed")
        whole = json.loads((entry / "batch.json").read_text())
        results = {
            kind: _result(entry / str(place), texts) for place, (kind, texts) in enumerate(whole.pop("results").items())
        }
        return Batch(results=results, data=pd.read_parquet(entry / "data.parquet"), **whole)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegimeError(f"the kept results {entry} cannot be read ({error}): move the directory away") from error


def _result(place: Path, texts: dict[str, Any]) -> Result:
    top = place / "files"
    contents: dict[str, str | bytes] = {
        path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()
    }
    texts["tables"] = {name: pd.DataFrame(table) for name, table in texts.get("tables", {}).items()}
    texts["curves"] = {name: _curve(points) for name, points in texts["curves"].items()}
    texts["document"] = fitted.from_dict(texts["document"])
    return Result(predictions=pd.read_parquet(place / "predictions.parquet"), files=contents, **texts)


def _curve(points: list[list[float]]) -> list[tuple[int, int, float]]:
    """A kept curve; those of before version 0.2 are pairs of a date as YYYYMMDD and a value."""
    if points and len(points[0]) == 2:
        return [(i, dated(int(step)), value) for i, (step, value) in enumerate(points)]
    return [(int(step), int(time), value) for step, time, value in points]


def drop(entry: Path) -> None:
    """Remove an entry that was sent."""
    gone = entry.with_name(f".sent-{entry.name}")
    entry.rename(gone)
    shutil.rmtree(gone)
