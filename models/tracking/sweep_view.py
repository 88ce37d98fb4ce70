"""How MLflow's UI opens on the sweeps: trials below their sweep, the searched parameters as parallel coordinates."""

from __future__ import annotations

import json
from collections.abc import Sequence

from models.tracking.shared_view import KEY, NOTE_TAG, TAG

LOSS = "inner_log_loss"
# MLflow's front end opens a parent whose children are evaluations, and only those; a shared view cannot ask for it.
OPENED = {"mlflow.runType": "evaluation"}
NOTE = """**Sweeps.** A sweep is a parent run, its trials are the runs below it (the expander beside the name).
The chart shows every trial as one line across the searched parameters to its inner log loss: lower is better.
The best trial's experiment file is an artifact of the parent, `NAME-swept.toml`; run it with `regime train
run`. Trials are judged on weeks before the test weeks, so they are no candidates.
"""


def tags(searched: Sequence[str]) -> dict[str, str]:
    """Tags of the sweeps' experiment: its note and its shared view, over these parameters."""
    chart = {
        "uuid": "card-parallel",
        "type": "PARALLEL",
        "metricSectionId": "trials",
        "displayName": "Trials: searched parameters and inner log loss",
        "selectedParams": list(searched),
        "selectedMetrics": [LOSS],
        "showAllRuns": True,
        "runsCountToCompare": 100,
        "deleted": False,
        "isGenerated": False,
    }
    section = {"uuid": "trials", "name": "Trials", "display": True, "isReordered": True, "deleted": False}
    view = {
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "selectedColumns": [f"metrics.`{LOSS}`", "tags.`state`", *(f"params.`{name}`" for name in searched)],
        "compareRunCharts": [chart],
        "isAccordionReordered": True,
        "compareRunSections": [section],
        "hideEmptyCharts": False,  # it is empty while every sweep is closed in the list
    }
    return {
        NOTE_TAG: NOTE,
        "mlflow.experimentKind": "custom_model_development",
        TAG + KEY: json.dumps(view),
    }
