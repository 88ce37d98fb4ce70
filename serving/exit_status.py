"""How a weekly run can end; `regime weekly --help` and docs/weekly.md list the same."""

from __future__ import annotations

from enum import IntEnum

from features.data.errors import RegimeError


class ExitStatus(IntEnum):
    """How a weekly run ends."""

    done = 0
    bad_input = 1
    refused = 2
    older_data_used = 3
    no_such_folder = 4
    budget_spent = 5
    no_data_of_source = 6
    not_anchored = 7
    not_retrained = 8
    not_notified = 9
    old_data = 10


MEANINGS = {
    ExitStatus.done: "done",
    ExitStatus.bad_input: "bad input, no model and no training, a changed journal, or another weekly run is at work",
    ExitStatus.refused: "refused: a required input is stale or missing, or the model is of other data",
    ExitStatus.older_data_used: "done, but the refresh failed and the call stands on older data of the same source",
    ExitStatus.no_such_folder: "--folder is not a directory",
    ExitStatus.budget_spent: "the time budget is used up",
    ExitStatus.no_data_of_source: "the refresh failed and nothing is stored of that source",
    ExitStatus.not_anchored: "done, but the journal's head could not be anchored",
    ExitStatus.not_retrained: "done, but the models that were due could not be trained again",
    ExitStatus.not_notified: "done, but not everybody could be told",
    ExitStatus.old_data: "done, but the data end longer ago than the settings allow; the sample is exempt",
}


class NoSuchFolderError(RegimeError):
    """`--folder` is mistyped: never a reason to go on with older data."""

    exit_code = ExitStatus.no_such_folder


class NoDataOfSourceError(RegimeError):
    """The refresh failed, and what is stored is of another source, such as the sample."""

    exit_code = ExitStatus.no_data_of_source


class BudgetSpentError(RegimeError):
    """The time limit was reached."""

    exit_code = ExitStatus.budget_spent


def exit_status_help() -> str:
    """All of them in one sentence."""
    return "Exit status: " + "; ".join(f"{status.value} {meaning}" for status, meaning in MEANINGS.items()) + "."
