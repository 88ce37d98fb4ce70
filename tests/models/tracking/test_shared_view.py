"""The comparison table opens on the runs of the data in force, by a filter that MLflow itself understands."""

import json

import pytest

from features.data import store
from features.data.source import Source
from models.tracking import connection, shared_view, user_interface

ALL = f"viewStateShareKey={shared_view.KEY}"


@pytest.fixture
def prepared(mlruns):
    """The experiment of the runs, with its views; its id."""
    assert (mlruns / "mlflow.db").exists()
    connection.prepare_experiment()
    return connection.client().get_experiment_by_name(connection.EXPERIMENT).experiment_id


def test_the_filter_of_a_view_finds_the_runs_of_its_source(prepared):
    client = connection.client()
    made = {one: client.create_run(prepared, tags={"source": one}).info.run_id for one in Source}
    tags = client.get_experiment(prepared).tags

    def found(key):
        wanted = json.loads(tags[shared_view.TAG + key])["searchFilter"]
        return {run.info.run_id for run in client.search_runs([prepared], wanted)}

    assert {one: found(shared_view.key_of(one)) for one in Source} == {one: {made[one]} for one in Source}
    assert found(shared_view.KEY) == set(made.values())


def test_the_interface_opens_on_the_source_in_force(prepared, sample_snapshot):
    assert user_interface.address(5000).endswith(f"/experiments/{prepared}/runs?{ALL}")  # no data yet
    for source in (Source.sample, Source.folder):
        store.write(sample_snapshot.tables, source, sample_snapshot.legs, sample_snapshot.last)
        assert user_interface.address(5000).endswith(f"{ALL}-{source}")
    # A store from before there were views by source opens on all runs.
    connection.client().delete_experiment_tag(prepared, shared_view.TAG + shared_view.key_of(Source.folder))
    assert user_interface.address(5000).endswith(ALL)
