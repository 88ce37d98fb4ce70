"""Log a fitted model as MLflow code over a JSON text; nothing in it is pickled."""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from models import predictor
from models.fitted import FittedModel

REQUIREMENTS = ("mlflow", "lightgbm", "numpy", "pandas", "pydantic")
# Modules of `models` that `pyfunc` imports; they travel with every logged model.
CODE = ("fitted.py", "predictor.py")


def digest(text: str) -> str:
    """Return the SHA-256 of a model's text, which a registered version carries as the tag `document_sha256`."""
    return hashlib.sha256(text.encode()).hexdigest()


def log(mlflow: Any, folder: Path, document: FittedModel, row: pd.DataFrame) -> Any:
    """Log a fitted model in the active run; returns MLflow's model info.

    Parameters
    ----------
    mlflow : module
    folder : Path
        A scratch directory.
    document : FittedModel
        The fitted model.
    row : DataFrame, (1, features)
        Kept as the input example.
    """
    example = row[list(document.features)].reset_index(drop=True) if document.features else None
    code = _code(folder / "models")
    return log_text(mlflow, folder, document.to_json(), "pyfunc.py", code, _signature(document), example)


def log_text(
    mlflow: Any, folder: Path, text: str, code: str, modules: Path, signature: Any, example: pd.DataFrame | None
) -> Any:
    """Log a text as a model; returns MLflow's model info.

    Parameters
    ----------
    mlflow : module
    folder : Path
        A scratch directory.
    text : str
        The artifact `model`.
    code : str
        The file in this room that reads it.
    modules : Path
        The directory `models` that travels with it.
    signature : ModelSignature
    example : DataFrame or None
    """
    (folder / "model.json").write_text(text, encoding="utf-8")
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name(code)),
        code_paths=[str(modules)],
        artifacts={"model": str(folder / "model.json")},
        signature=signature,
        input_example=example,
        pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
    )


def _code(folder: Path) -> Path:
    """Copy the modules into a directory `models` without `__init__.py`, which hides no installed package."""
    folder.mkdir()
    for name in CODE:
        shutil.copy(Path(predictor.__file__).with_name(name), folder)
    return folder


def _signature(document: FittedModel) -> Any:
    """Doubles in, doubles out. MLflow calls a column optional that may hold a missing value: every feature may.

    That none of them is absent or renamed is checked by the model itself, with a message that fits a screen.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    inputs = [ColSpec("double", name, required=False) for name in document.features]
    outputs = [ColSpec("double", name) for name in document.outcomes]
    return ModelSignature(inputs=Schema(inputs) if inputs else None, outputs=Schema(outputs))
