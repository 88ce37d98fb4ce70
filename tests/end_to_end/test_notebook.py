"""The notebook of the documentation runs on the sample and uses nothing but `regime` and pandas."""

import ast
import json
from pathlib import Path

import pandas as pd
import pytest

import regime
from tests.support import notebook

PATH = Path(regime.__file__).parent / "docs" / "notebook.ipynb"


def test_it_uses_the_public_functions_alone():
    cells = json.loads(PATH.read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    tree = ast.parse(code)
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"regime", "pandas"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "regime"
    }
    assert used <= set(regime.__all__)
    assert len(used) >= 11


@pytest.mark.slow
def test_it_runs_on_the_sample(mlruns):
    shown, names = notebook.run(PATH)
    assert shown[0]["source"] == "sample"
    tables = [value for value in shown if isinstance(value, pd.DataFrame)]
    assert len(tables) >= 6
    assert len(names["data"].X) > 1500
    assert "no evidence" in names["found"]["gate"] or names["found"]["champion"]
    assert set(names["latest"].probabilities.as_dict()) == {"rotation", "breakdown", "neither"}
    assert str(names["past"].asof) == "2008-09-12"
    assert shown[-1]["runs"].startswith(f"sqlite:///{mlruns}")
