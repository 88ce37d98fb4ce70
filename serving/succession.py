"""Replaces a champion that is no longer alive, by the gate's rule, in the weekly run.

The gate judges when models are trained. Between two trainings weeks mature, and a
champion may die (`models.evaluation.alive`). So its stored walk-forward is
extended: the weeks since are predicted by the models that were in force, as a fold would,
and scored with what is known today. If it is dead, the same is done for every
model that may follow (`serving.contenders`), and `models.evaluation.champion` chooses.

Not checked here: the signs of a leak. The gate looks for them when models are
trained, and what it then wrote is read. A leak that only the weeks since would show,
and one in a model whose version is no longer in the registry, are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from features.data.errors import RegimeError
from features.dataset import Dataset
from models.evaluation.alive import YEARS, Life, life
from models.evaluation.champion import choose
from models.spec import from_json
from models.tracking import front_page, promotion, registry, trial_ledger
from serving.call_context import CallContext
from serving.contenders import able, carried_on, losses_of

NOBODY = "nobody in the confidence set beats climatology and is alive: no evidence"
UNKNOWN = (
    "the weekly predictions of climatology, which ran beside the challenger, are neither on this machine nor in "
    "MLflow, so nobody can be judged to follow: no evidence until `regime train run default`"
)


class NotJudgedError(RegimeError):
    """Whether the champion is alive could not be told; it stays."""


@dataclass(frozen=True)
class Succession:
    """What the rule gave after a champion died; `champion` is None where no model qualifies."""

    died: str
    champion: str | None
    reason: str


def follow_the_dead(context: CallContext) -> Succession | None:
    """Replace a champion that is no longer alive; None where there is none, it is alive, or a person set it.

    After a succession `context` is of the past: load it again.

    Raises
    ------
    NotJudgedError
        The champion's stored predictions are neither on this machine nor to be had from MLflow.
    """
    champion = context.champion
    if champion is None or registry.OVERRIDE in champion.tags:
        return None
    spec = from_json(champion.tags["spec"])
    dataset = context.dataset
    table = carried_on(champion.run_id, spec, dataset, context)
    if table is None:
        raise NotJudgedError(
            f"{champion.tags['kind']} (version {champion.version}) was not judged again: its weekly predictions are "
            f"neither on this machine nor to be had from MLflow (run {champion.run_id[:8]}); it stays champion"
        )
    found = life(*losses_of(table))
    if found.alive or found.since is None:
        return None
    made = _follow(context, dataset, f"{champion.tags['kind']} (version {champion.version})", found)
    front_page.write()
    return made


def _follow(context: CallContext, dataset: Dataset, dead: str, found: Life) -> Succession:
    contenders = able(context, dataset)
    known = trial_ledger.entries(context.snapshot.source, dataset.label)
    tries = trial_ledger.distinct_tries([entry for entry in known if not entry.baseline])
    name = choose([one.contender for one in contenders.values()], tries).champion if contenders else None
    died = f"{dead} died on {found.since:%Y-%m-%d}, with a skill of {found.skill:+.3f} over its last {YEARS} years"
    if name is None:
        reason = f"{died}; {NOBODY if contenders else UNKNOWN}"
        registry.set_alias(context.model_name, "champion", None)
        registry.tag_version(context.model_name, context.challenger.version, {registry.SUCCESSION: reason})
        return Succession(dead, None, reason)
    chosen = contenders[name]
    why, reason = f"{name} is what the rule gives since {died}", f"{died}; {name} is what the rule then gives"
    version = chosen.model.version or promotion.register_run(chosen.model.run_id, why)
    tags = {registry.SUCCESSION: reason, "gate": why}
    if not chosen.contender.baseline:
        tags["gate_passed"] = "true"  # it passed the rule: the next training holds it for a champion
    registry.set_alias(context.model_name, "champion", version, tags)
    return Succession(dead, name, reason)
