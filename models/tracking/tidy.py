"""Old versions of registered models: removed by one command, which never touches what an alias points at."""

from __future__ import annotations

from dataclasses import dataclass

from models.tracking import connection, registry
from models.tracking.connection import translate_errors
from models.tracking.registry import FORMER_OVERRIDE, OVERRIDE

KEPT_TAGS = (OVERRIDE, FORMER_OVERRIDE)  # a version that a person once set stays: its reason is part of the record


@dataclass(frozen=True)
class Tidied:
    """A registered model with the versions that go and those that stay."""

    name: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


@translate_errors
def remove_old_versions(keep: int, dry_run: bool = False) -> list[Tidied]:
    """Remove versions of the project's models but the newest `keep`, those an alias points at and those a person set.

    Their runs, with the logged models, stay: `regime train promote` makes a version of any of them again.

    Parameters
    ----------
    keep : int
        How many of the newest versions stay in any case.
    dry_run : bool
        Only say what would go.
    """
    client = connection.client()
    found = []
    for model in list(registry.project_models(client)):
        versions = sorted(registry.every_version(client, model.name), key=lambda one: -int(one.version))
        # Asked anew, and not taken from the list: an alias may have moved meanwhile.
        pointed = {str(number) for number in client.get_registered_model(model.name).aliases.values()}
        stay = {str(one.version) for one in versions[:keep]} | pointed
        stay |= {str(one.version) for one in versions if any(tag in one.tags for tag in KEPT_TAGS)}
        gone = [str(one.version) for one in versions if str(one.version) not in stay]
        for number in gone if not dry_run else ():
            client.delete_model_version(model.name, number)
        found.append(Tidied(str(model.name), tuple(gone), tuple(sorted(stay, key=int))))
    return found
