"""What several tests of the serving room need."""

import pytest

from features.data import store


@pytest.fixture
def stored(tmp_path):
    """A stored folder with both legs."""
    from features.data.sources import folder
    from tests.conftest import write_folder

    tables, legs, last = folder.read(write_folder(tmp_path / "data"))
    store.write(tables, "folder", legs, last)
