"""Only the catalogue knows a ticker or an id: elsewhere in the code none is written."""

import ast
from pathlib import Path

import pytest

from features import leak_audit, panel_columns
from features.data import catalog
from features.data.checks import limits

TOP = Path(__file__).parents[3]
MODULES = [path for room in ("features", "models", "training", "serving") for path in (TOP / room).rglob("*.py")]
# Who may write them: the catalogue, who speaks with vendors, and tables that have one row a series.
ALLOWED = (
    "features/data/catalog.py",
    "features/data/sources/",
    "features/data/vendor_files/",
    "features/data/checks/limits.py",
    "features/panel_columns.py",
    "features/leak_audit.py",
)
# The panel's columns have names of their own, which above the panel are the only ones.
IDS = {name for series in catalog.CATALOG for name in (series.key, series.column)} - set(panel_columns.COLUMNS)


def written_in(text):
    """Catalogue ids among the string constants of a module."""
    return {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)} & IDS


def place(path):
    return path.relative_to(TOP).as_posix()


@pytest.mark.parametrize("path", [one for one in MODULES if not place(one).startswith(ALLOWED)], ids=place)
def test_no_id_is_written_outside_the_catalogue(path):
    assert written_in(path.read_text(encoding="utf-8")) == set()


def test_the_search_finds_what_it_looks_for():
    assert {"RSP", "CPIAUCSL"} <= IDS
    assert written_in("x = {'RSP': read('CPIAUCSL'), 'y': 'the RSP fund'}") == {"RSP", "CPIAUCSL"}


def test_the_tables_of_a_row_a_series_name_series_of_the_catalogue():
    named = {*limits.BY_SERIES, *leak_audit.EARLIEST_DAYS}
    for column in panel_columns.COLUMNS.values():
        named |= set(column.keys)
    assert named <= set(catalog.BY_KEY)
