"""Runs of before under today's names; old versions go, those in use stay."""

import pandas as pd
import pytest

from models.tracking import connection, delivery, logged_runs, registry, tidy, upgrade
from tests.support.servers import batch

pytestmark = pytest.mark.usefixtures("mlruns")


@connection.translate_errors
def old_run():
    """A run as version 0.1 logged it."""
    mlflow = connection.open_mlflow()
    with mlflow.start_run(run_name="default:markov") as run:
        mlflow.log_metrics({"log_loss_skill": 0.0123456789, "auc_breakdown_faltering": 0.6, "somebody_s_own": 1.0})
        for step, value in ((20200103, 0.1), (20200110, 0.25)):
            mlflow.log_metric("gain_over_markov", value, step=step)
    return run.info.run_id


def test_an_older_run_has_both_names_afterwards():
    run_id = old_run()
    assert upgrade.upgrade_runs() == 1
    assert upgrade.upgrade_runs() == 0  # what is there is not written again
    client = connection.client()
    metrics = client.get_run(run_id).data.metrics
    assert metrics["skill/log_loss_skill"] == metrics["log_loss_skill"] == 0.0123456789
    assert metrics["period/faltering/auc_breakdown"] == 0.6
    curve = client.get_metric_history(run_id, "gain/over_markov")
    assert [(point.step, str(pd.Timestamp(point.timestamp, unit="ms").date())) for point in curve] == [
        (0, "2020-01-03"),
        (1, "2020-01-10"),
    ]
    (row,) = logged_runs.finished_runs().to_dict("records")
    assert row["metrics.log_loss_skill"] == 0.0123456789
    assert row["metrics.somebody_s_own"] == 1.0


def test_tidying_leaves_what_is_in_use():
    for _ in range(4):
        delivery.deliver(batch(register_as="regime"))  # two versions each: 1 to 8; the aliases are at 7
    registry.set_alias("regime", "champion", "2")
    registry.tag_version("regime", "3", {"override": "the desk wants it"})
    said = tidy.remove_old_versions(1, dry_run=True)
    assert said == [tidy.Tidied("regime", ("6", "5", "4", "1"), ("2", "3", "7", "8"))]
    client = connection.client()
    assert len(client.search_model_versions("name = 'regime'")) == 8
    assert tidy.remove_old_versions(1) == said
    assert sorted(int(one.version) for one in client.search_model_versions("name = 'regime'")) == [2, 3, 7, 8]
    assert client.get_model_version_by_alias("regime", "challenger").version == 7
    assert len(logged_runs.finished_runs()) == 8  # runs stay
