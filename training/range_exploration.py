"""One range model on weeks before the protocol's test weeks: scored and logged as a try, judged by no gate.

What is chosen before the test weeks is chosen here, and a reader can repeat it. Such a
run has an MLflow experiment and a place in the ledger of its own: it registers
nothing, moves no alias, and is no try of the tests on the protocol's weeks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from features.data import store
from features.data.progress import Progress, silent
from features.data.sources.sample import CAVEAT
from features.dataset import Dataset, build
from models.evaluation import range_scores
from models.range.fit import prepare
from models.range.spec import RangeSpec
from models.spec import ModelSpec
from models.specification import FIRST_TEST
from models.tracking import range_runs, registry, trial_ledger
from training import range_member
from training.range_run import RangeModelRun, as_logged, walk, write_ranges

LEDGER_LABEL = "range-explored"
NOT_JUDGED = f"not judged: weeks before {FIRST_TEST} choose and test nothing"


def run(
    name: str,
    spec: RangeSpec,
    text: str,
    progress: Progress = silent,
    blend: ModelSpec | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Walk one model forward on its own test weeks, score and log it; returns what was found, JSON-ready.

    Parameters
    ----------
    name : str
    spec : RangeSpec
        One that explores: its test weeks end before the protocol's begin.
    text : str
        The experiment's file, logged beside the run.
    progress : Progress
    blend : ModelSpec, optional
        Outcomes' experiment that the range is measured as one more member of (`training.range_member`).
    workers : int
        Threads that walk its members forward; the result is the same for any number.

    Raises
    ------
    RegimeError
        No test week in the data, or a blend that `range_member.check` refuses.
    TrackingError
        MLflow does not answer: said before anything is computed, for the outbox takes no range.
    """
    if blend is not None:
        range_member.check(blend, spec)
    registry.require()
    snapshot = store.load()
    with progress("data set", None) as step:
        dataset = build(snapshot, spec.label, step, blend is not None and blend.needs_jump)
    with progress("volatility block", None):
        data = prepare(dataset, spec.horizons, spec.reads_garch)
    one = walk(data, dataset, spec, progress)
    if blend is not None:
        found = range_member.measure(dataset, blend, one.outcomes, workers, progress)
        one = replace(one, scores=one.scores | found)
    tries = tried(name, one, dataset)
    dates = one.ranges["date"]
    span = [str(dates.min().date()), str(dates.max().date())]
    said = {"champion": "False", "gate": NOT_JUDGED, "explored": " to ".join(span)}
    if blend is not None:
        said["member_of"] = blend.to_json()
    run_id = range_runs.log_explored(as_logged(name, one, dataset, data, text, said))
    path = write_ranges(run_id, one.ranges)
    return {
        "experiment": name,
        "digest": dataset.digest,
        "source": dataset.source,
        "caveat": CAVEAT if dataset.source == "sample" else None,
        "registered_as": None,
        "champion": None,
        "gate": NOT_JUDGED,
        "tries": tries,
        "ranges": path,
        "weeks": int(dates.nunique()),
        "span": span,
        "models": {spec.model: {"run_id": run_id, "version": "", "ranges": path, **one.scores}},
    }


def tried(name: str, one: RangeModelRun, dataset: Dataset) -> int:
    """Enter the try in the ledger; returns how many there are on weeks before the test weeks, this one included."""
    losses = range_scores.gate_losses({"own": one.ranges[one.ranges["leg"] == "broad"]})["own"]
    kind, spec = one.spec.model, one.spec.to_json()
    entry = trial_ledger.Entry(
        f"{name}:{kind}", kind, spec, dataset.digest, dataset.source, LEDGER_LABEL, False, losses
    )
    trial_ledger.add([entry])
    return len(trial_ledger.distinct_tries(trial_ledger.entries(dataset.source, LEDGER_LABEL)))
