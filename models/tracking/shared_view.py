"""How MLflow's UI opens on the project's runs: which columns, in which order, which charts, and how to read them.

MLflow keeps a shared view as an experiment tag, `mlflow.sharedViewState.<key>`;
the address `...?viewStateShareKey=<key>` opens it. It is JSON of the names that
its front end uses itself (a browser test opens it and looks).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from features.data.source import Source
from models.evaluation import registry
from models.evaluation.metric_types import Place
from models.tracking.metric_names import curve_in_mlflow, in_mlflow

KEY = "regime"
PATH = "/#/experiments/{experiment}/runs?viewStateShareKey=" + KEY
TAG = "mlflow.sharedViewState."
METRICS = tuple(registry.shown(Place.VIEW))  # the columns, in this order
TAGS = ("gate_verdict", "label", "source")
BEFORE = ("changes", "differs from default", "earned nothing since")  # further tags, before the figures
BEHIND = ("note",)  # and behind them
COLOR_TAG = "mlflow.runColor"
WIDTHS = {"label": 80, "source": 80, "changes": 240, "differs from default": 240, "note": 240}  # of tags, in pixels
WIDTH = 150  # of the others: MLflow's heading and figure at full precision need that
GAINS = {  # always over the protocol's own, so that lines of several runs have one reference
    "gain_over_climatology": "Cumulative log-loss gain over the protocol's climatology",
    "gain_over_logit2": "Cumulative log-loss gain over the protocol's two-feature logit",
    "gain_over_markov": "Cumulative log-loss gain over the protocol's Markov",
    "gain_over_simulation": "Cumulative log-loss gain over the protocol's path simulation",
}
BARS = {
    "log_loss_skill": "Log-loss skill over climatology",
    "auc_breakdown": "AUC of breakdown",
    "auc_head_to_head": "AUC of rotation against breakdown",
}
NOTE_TAG = "mlflow.note.content"
NOTE = """**Which model to trust, in a minute.** Open [the comparison table]({link}): it is sorted by skill.
It holds the runs of every source; `regime ui` opens it on those of the data in force.

1. `gate_verdict`: **champion** was chosen by the gate (the tag `gate` says why) or set by a person (`override` says
   why); **challenger** was judged and not chosen (the registry's alias `challenger` is on the one with the lowest log
   loss); **baseline** is what it must beat; **refused** looks like a leak.
2. `log_loss_skill` above 0 with `log_loss_skill_p` under 0.05 beats climatology. Compare only runs with the same
   `label`, `source` and test weeks.
3. `auc_head_to_head_vol` tells what is not volatility; `calibration_slope_breakdown` near 1 means probabilities can be
   taken at their word; `effective_months` is the evidence there is.
4. The charts `gain/over_*` show *when* it was earned over the protocol's baselines: a line that rises all along is
   skill, one step is one crisis. (A run on other rows has its gains over those of its own rows as `gain/over_own_*`.)
   `earned nothing since` is the week of the highest gain over climatology; *still earning*: within the last half year.
5. In a run: first what changed and whether that is more than chance (all earlier runs: `tables/against.json`); then
   `model_card.md`, `pictures/` (probabilities, reliability, gain, importance, verdicts, label) and `tables/`.
"""


def _tag_column(name: str) -> str:
    return f"tags.`{name}`"


def _metric_column(name: str) -> str:
    return f"metrics.`{in_mlflow(name)}`"


def _card(place: int, kind: str, metric: str, title: str) -> dict[str, Any]:
    section = "gains" if kind == "LINE" else "figures"
    name = curve_in_mlflow(metric) if kind == "LINE" else in_mlflow(metric)
    card = {
        "uuid": f"card-{place}",
        "type": kind,
        "metricSectionId": section,
        "metricKey": name,
        "displayName": title,
        "runsCountToCompare": 10,
        "deleted": False,
        "isGenerated": False,
    }
    if kind == "BAR":
        return card
    return card | {
        "selectedMetricKeys": [name],
        "xAxisKey": "time",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "lineSmoothness": 0,
        "scaleType": "linear",
        "xAxisScaleType": "linear",
        "selectedXAxisMetricKey": "",
        "ignoreOutliers": False,
        "useGlobalXaxisKey": False,
        "useGlobalLineSmoothing": True,
        "displayPoints": False,
        "range": {},
    }


def key_of(source: Source) -> str:
    """The key of the view of one source's runs; that of all runs is `KEY`."""
    return f"{KEY}-{source}"


def state(source: Source | None = None) -> str:
    """A shared view as JSON: runs, of one source or all, by skill; the project's columns; gains and key figures."""
    columns = [*map(_tag_column, (*TAGS, *BEFORE)), *map(_metric_column, METRICS), *map(_tag_column, BEHIND)]
    kinds = [("LINE", name, title) for name, title in GAINS.items()]
    kinds += [("BAR", name, title) for name, title in BARS.items()]
    sections = [("gains", "Gain over time"), ("figures", "Key figures")]
    return json.dumps(
        {
            "searchFilter": "" if source is None else f"tags.source = '{source}'",
            "orderByKey": _metric_column("log_loss_skill"),
            "orderByAsc": False,
            "selectedColumns": columns,
            # The front end's own first columns, then ours: the verdict stands beside the name, the skill beside that.
            "columnOrder": ["0", "attributes.`Run Name`", *columns],
            "columnWidths": dict.fromkeys(columns, WIDTH)
            | {_tag_column(name): width for name, width in WIDTHS.items()},
            "compareRunCharts": [_card(place, *one) for place, one in enumerate(kinds)],
            "isAccordionReordered": True,  # or MLflow sorts its own sections among these
            "compareRunSections": [
                {"uuid": uuid, "name": name, "display": True, "isReordered": True, "deleted": False}
                for uuid, name in sections
            ],
            "hideEmptyCharts": True,
        }
    )


def note(experiment: str, champions: Sequence[str] = ()) -> str:
    """The note on the page of the experiment with this id: which model is champion, and how to read the table."""
    guide = NOTE.format(link=PATH.format(experiment=experiment).removeprefix("/"))
    return "\n\n".join([*champions, guide])


def tags() -> dict[str, str]:
    """Tags of the experiment that make its shared views: of all runs, and of each source's."""
    views = {TAG + KEY: state()} | {TAG + key_of(source): state(source) for source in Source}
    return {"mlflow.experimentKind": "custom_model_development"} | views
