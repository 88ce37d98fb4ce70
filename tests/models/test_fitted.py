"""Fitted models as types, and the documents that version 0.1 wrote of them."""

import json
import pickle
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from models import explain, fitted, predictor

STORED = json.loads((Path(__file__).parent / "fixtures" / "fitted_0_1.json").read_text())
MODELS = STORED["models"]
ROWS = pd.DataFrame(STORED["rows"], pd.DatetimeIndex(STORED["index"]), STORED["columns"], dtype=float)
TYPES = get_args(get_args(fitted.Part)[0])


def parts_of(part):
    yield part
    for inner in (*getattr(part, "members", ()), getattr(part, "first", None), getattr(part, "second", None)):
        if inner is not None:
            yield from parts_of(inner)


def test_the_stored_documents_hold_every_type():
    found = {type(part) for one in MODELS for part in parts_of(fitted.from_json(one["text"]).part)}
    assert found == set(TYPES) - {fitted.Stated}  # which came after version 0.1


@pytest.mark.parametrize("one", MODELS)
def test_a_document_of_version_0_1_keeps_its_text_and_its_bits(one):
    model = fitted.from_json(one["text"])
    assert model.to_json() == one["text"]  # the registry's SHA-256 is of this text
    np.testing.assert_array_equal(predictor.predict(model, ROWS), np.array(one["predictions"]))
    assert fitted.from_json(model.to_json()) == model


def test_stated_probabilities_are_the_columns_and_climatology_where_one_is_missing():
    head = {"outcomes": ["a", "b"], "base": [0.3, 0.7], "fitted_at": "2000-01-07", "rows": 9, "ranges": {}}
    model = fitted.from_dict(head | {"kind": "stated", "features": ["p", "q"], "otherwise": [0.3, 0.7]})
    rows = pd.DataFrame({"q": [0.9, 0.5, np.nan], "p": [0.1, 0.5, 0.2]})
    np.testing.assert_array_equal(predictor.predict(model, rows), [[0.1, 0.9], [0.5, 0.5], [0.3, 0.7]])
    assert fitted.from_json(model.to_json()) == model


@pytest.mark.parametrize("one", MODELS)
def test_every_type_can_be_explained(one):
    model = fitted.from_json(one["text"])
    found = explain.contribution_table(model, ROWS)
    assert set(found.columns) <= set(model.features)
    assert len(found) == len(ROWS)


def stored():
    return json.loads(MODELS[0]["text"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "forest"}, "forest"),
        ({"kind": None}, "kind|type|tag"),
        ({"more": 1}, "more"),
        ({"rows": "many"}, "rows"),
        ({"base": [0.5, 0.5]}, "3 outcomes have 2 base rates"),
        ({"probabilities": ["a"]}, "probabilities"),
    ],
)
def test_a_document_of_something_else_is_an_error_of_one_line(changes, said):
    with pytest.raises(ValueError, match=said) as error:
        fitted.from_dict(stored() | changes)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["outcomes", "base", "rows", "fitted_at", "ranges", "kind", "probabilities"])
def test_a_key_that_is_absent_is_named(name):
    document = stored()
    del document[name]
    with pytest.raises(ValueError, match="type" if name == "kind" else name):
        fitted.from_dict(document)


def test_text_that_is_no_object():
    with pytest.raises(ValueError, match="JSON object"):
        fitted.from_json("[1]")


def test_a_mixture_has_a_weight_a_member():
    one = fitted.Constant(probabilities=(1.0,))
    with pytest.raises(ValueError, match="2 members have 1 weights"):
        fitted.Mixture(features=(), members=(one, one), weights=(1.0,))


def test_an_unknown_type_is_neither_predicted_nor_explained():
    class Forest:
        features = ()

    with pytest.raises(AssertionError):
        predictor.predict(Forest(), ROWS)
    model = fitted.from_dict(stored()).model_copy(update={"part": Forest()})
    with pytest.raises(AssertionError):
        explain.contribution_table(model, ROWS)


def test_the_booster_is_read_once_and_does_not_travel():
    model = fitted.from_json(next(one["text"] for one in MODELS if '"kind": "lightgbm"' in one["text"]))
    (trees,) = [part for part in parts_of(model.part) if isinstance(part, fitted.Trees)][:1]
    assert trees.loaded is trees.loaded
    sent = pickle.loads(pickle.dumps(model))
    (there,) = [part for part in parts_of(sent.part) if isinstance(part, fitted.Trees)][:1]
    assert "loaded" in trees.__dict__
    assert "loaded" not in there.__dict__
    assert sent.to_json() == model.to_json()


def test_a_fitted_model_is_frozen():
    model = fitted.from_dict(stored())
    with pytest.raises(ValueError, match="frozen"):
        model.rows = 3
