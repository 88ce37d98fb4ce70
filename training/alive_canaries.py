"""Canaries of the alive rule alone, on simulated records of 44 years (`models.evaluation.simulated_records`).

- `alive_kept`: a model of constant skill 0.03 is kept on at least 85 % of the dates.
- `alive_out_10`, `alive_out_15`: one whose skill ends after ten years is out on at least
  60 % of the dates from ten years later, and on 75 % from fifteen.

What is counted is the share of a record's looks, one look every half year; looks of one
record depend on each other, so the interval is of records.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.evaluation import alive, simulated_records
from models.evaluation.metrics import losses
from training.canary_cases import Outcome

WEEKS = 2300  # 44 years
SKILL = 0.03
ENDS = 520  # week in which the skill ends: after ten years
# Whether the skill ends, the years after its end (or start) from which looks count, and the share asked for.
CASES = {"alive_kept": (False, 0, 0.85), "alive_out_10": (True, 10, 0.60), "alive_out_15": (True, 15, 0.75)}


def outcome(name: str, seed: int) -> Outcome:
    """The share of the looks of one record at which the rule was right."""
    ends, years, _ = CASES[name]
    record = simulated_records.draw(seed, WEEKS, SKILL, ENDS if ends else None)
    came = np.asarray(record.outcome)
    loss, reference = (pd.Series(losses(p, came), record.dates) for p in (record.p, record.base))
    history = alive.life(loss, reference).history
    start = record.dates[ENDS] if ends else history.index[0]
    share = float(history.loc[start + pd.DateOffset(years=years) :, "alive"].mean())
    return Outcome(share=1.0 - share if ends else share)
