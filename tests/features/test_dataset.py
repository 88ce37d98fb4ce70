"""What a data set holds, and from when."""

import pandas as pd

from features import dataset
from features.data import store
from features.data.sources import folder
from tests.support.data import write_folder


def test_a_data_set_begins_a_year_after_its_legs(tmp_path):
    tables, legs, last = folder.read(write_folder(tmp_path / "data"))
    found = dataset.build(store.Snapshot("0", "folder", legs, last, tables), "path")
    # The folder has prices from 1999, but the broad leg is RSP from 2003-05-02 on and nothing before it.
    assert found.X.index[0] == pd.Timestamp("2004-05-07")
    assert found.X["broad_return_21"].notna().all()
