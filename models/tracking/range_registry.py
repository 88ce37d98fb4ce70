"""Registered ranges: logged as code over their text, read back verified; `regime-range` and `regime-range-sample`."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.data.errors import RefusedError
from models.range import fitted, predictor
from models.range.fitted import FittedRange
from models.range.spec import RangeSpec, from_json
from models.tracking import loader, logged_model

TRAIN = "regime train run range"
CODE = ("fitted.py", "predictor.py", "scales.py")


@dataclass(frozen=True)
class RegisteredRange:
    """A registered range as serving sees it; `evidence` are the scores of its walk-forward."""

    name: str
    version: str
    run_id: str
    tags: dict[str, str]
    document: FittedRange
    spec: RangeSpec
    evidence: dict[str, float]


def registry_name(source: str) -> str:
    """`regime-range`, or `regime-range-sample` for the sample's: they are never mixed."""
    return "regime-range-sample" if source == "sample" else "regime-range"


def log(mlflow: Any, folder: Path, document: FittedRange, row: pd.DataFrame) -> Any:
    """Log a fitted range in the active run; returns MLflow's model info.

    Parameters
    ----------
    mlflow : module
    folder : Path
        A scratch directory.
    document : FittedRange
    row : DataFrame, (1, columns)
        Features of one decision, kept as the input example.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    columns = fitted.columns_of(document)
    names = [
        f"{name}_{fit.horizon}" for fit in document.horizons for name in (*predictor.QUANTILES, *predictor.FALL_NAMES)
    ]
    inputs = [ColSpec("double", name, required=False) for name in columns]
    signature = ModelSignature(
        inputs=Schema(inputs) if inputs else None, outputs=Schema([ColSpec("double", name) for name in names])
    )
    modules = folder / "models"
    (modules / "range").mkdir(parents=True)
    for name in CODE:
        shutil.copy(Path(predictor.__file__).with_name(name), modules / "range")
    example = row[list(columns)].reset_index(drop=True) if columns else None
    return logged_model.log_text(mlflow, folder, document.to_json(), "range_pyfunc.py", modules, signature, example)


def _scores(text: str) -> dict[str, float]:
    values = json.loads(text)
    if not isinstance(values, dict) or not all(
        isinstance(value, float) and math.isfinite(value) for value in values.values()
    ):
        raise ValueError(text)
    return values


# Checked as those of the outcomes' models are: anyone who can write to the registry can write these.
TAGS: dict[str, Callable[[str], object]] = {"spec": from_json, "evidence": _scores}


def registered(name: str, alias: str) -> RegisteredRange | None:
    """The version behind an alias with its text; None where there is none.

    Raises
    ------
    RefusedError
        The text is not the one that was registered, or a tag is not one that the program writes.
    TrackingError
        The server or database does not answer.
    """
    at = loader.pointer(name, alias)
    if at is None:
        return None
    text = loader.verified_text(at, TAGS, TRAIN)
    try:
        document = fitted.from_json(text)
        spec, evidence = from_json(at.tags["spec"]), _scores(at.tags["evidence"])
    except (ValueError, KeyError) as error:
        raise RefusedError(
            f"model {name} version {at.version} cannot be read by this program ({error}); train again with `{TRAIN}`"
        ) from error
    return RegisteredRange(name, at.version, at.run_id, at.tags, document, spec, evidence)
