"""A comparison of two runs as a run of its own, in an experiment of its own: its page says what a person asks."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from models.tracking import connection, provenance
from models.tracking.connection import quoted, translate_errors
from models.tracking.experiment_runs import experiment_id

EXPERIMENT = "regime-comparisons"


@translate_errors
def log(
    name: str, pair: tuple[str, str], tags: Mapping[str, str], text: str, tables: Mapping[str, pd.DataFrame]
) -> str:
    """Log a comparison; returns its run id, that of the same comparison where it was logged before.

    Parameters
    ----------
    name : str
    pair : tuple of str
        The two run ids.
    tags : mapping
    text : str
        Markdown, shown on the run's page.
    tables : mapping of str to DataFrame
    """
    mlflow = connection.open_mlflow()
    client = mlflow.MlflowClient()
    place = experiment_id(client, EXPERIMENT)
    known = f"tags.pair = {quoted(' '.join(pair))} and tags.program = {quoted(provenance.program())}"
    for run in client.search_runs([place], f"{known} and attributes.status = 'FINISHED'", max_results=1):
        return str(run.info.run_id)
    more = {"pair": " ".join(pair), "program": provenance.program(), "mlflow.note.content": text}
    with mlflow.start_run(experiment_id=place, run_name=name, tags=dict(tags) | more | provenance.tags()) as run:
        mlflow.log_text(text, "comparison.md")
        for title, table in tables.items():
            client.log_table(run.info.run_id, table, f"tables/{title}.json")
    return str(run.info.run_id)
