"""MLflow's tables: read only with a schema that the installed MLflow knows."""

import sqlite3
from contextlib import closing

import pytest

from features.data.errors import RegimeError
from models.tracking import connection, database, delivery, loader, logged_runs, relocation, user_interface
from tests.support.servers import SCHEMA, batch


def test_the_schema_of_the_locked_mlflow_is_the_head_of_the_known_ones(mlruns):
    """MLflow's own migration table is the oracle: a new MLflow must be looked at before it is locked."""
    with closing(sqlite3.connect(mlruns / "mlflow.db")) as base:
        assert base.execute("SELECT version_num FROM alembic_version").fetchone() == (SCHEMA,)
    assert SCHEMA in database.known_revisions()


@pytest.mark.parametrize(
    "change", ["UPDATE alembic_version SET version_num = 'f00dfeed0001'", "DROP TABLE alembic_version"]
)
def test_a_store_of_a_newer_mlflow_is_one_line_and_is_left_as_it_is(mlruns, change):
    delivery.deliver(batch())
    path = mlruns / "mlflow.db"
    with closing(sqlite3.connect(path)) as base:
        base.execute(change)
        base.commit()
    before = path.read_bytes()
    calls = (
        lambda: loader.pointer("toy", "champion"),
        logged_runs.finished_runs,
        lambda: relocation.relocate(path),
        lambda: user_interface.address(5000),
        connection.prepare_experiment,
    )
    for call in calls:
        with pytest.raises(RegimeError, match="written by a newer MLflow") as error:
            call()
        assert len(str(error.value).splitlines()) == 1
    assert path.read_bytes() == before


def test_an_alias_reads_the_same_as_through_mlflow(mlruns):
    delivery.deliver(batch())
    found = database.version_of(mlruns / "mlflow.db", "toy", "champion")
    made = connection.client().get_model_version_by_alias("toy", "champion")
    assert (found.version, found.run_id, found.tags) == (str(made.version), made.run_id, dict(made.tags))
    assert database.experiment_id(mlruns / "mlflow.db", "regime") == made_experiment()
    assert database.experiment_id(mlruns / "mlflow.db", "o'no") is None


def made_experiment():
    return connection.client().get_experiment_by_name("regime").experiment_id
