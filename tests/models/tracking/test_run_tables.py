"""The tables of a run as MLflow's UI shows them."""

import re

import numpy as np
import pytest

from models.tracking import run_tables
from tests.support.predictions import table


def test_a_person_reads_days_and_figures_of_the_same_digits():
    made = table(weeks=120)
    made["refit"] = made["date"].iloc[np.arange(len(made)) // 26 * 26].to_numpy()
    found = run_tables.tables(made)
    weeks, folds = found["weeks"], found["folds"]
    matured = made[made["outcome"].notna()]
    assert list(weeks["date"]) == [f"{day:%Y-%m-%d}" for day in matured["date"]]
    for name in ("p_rotation", "log_loss", "gain_over_climatology"):
        assert weeks[name].map(lambda text: bool(re.fullmatch(r"-?\d+\.\d{4}", text))).all()
    want = matured["p_rotation"].to_numpy()
    assert weeks["p_rotation"].astype(float).to_numpy() == pytest.approx(want, abs=5e-5)
    assert folds["weeks"].sum() == len(matured)
    assert float(folds["gain_so_far"].iloc[-1]) == pytest.approx(
        weeks["gain_over_climatology"].astype(float).sum(), abs=0.01
    )
