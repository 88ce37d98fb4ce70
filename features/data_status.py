"""What data are in force and how old they are, printed or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.console import out, print_table
from features.folding import fold

if TYPE_CHECKING:
    import pandas as pd

    from features.data import store

# Libraries of data are imported where they are needed, so that a command's help loads none.

SAID = {
    "substitutions": "substituted",
    "kept_past": "the vendor now begins later; the stored past is kept from",
    "refetched": "history disagreed in returns and was fetched whole",
    "set_aside": "set aside as missing",
    "holiday_rows": "rows on exchange holidays left out",
    "accepted": "accepted by hand",
    "back_filled": "back-filled",
    "changed_past": "the vendor changed the past",
    "gaps": "no bar on sessions in between; asked again at each refresh",
    "missing": "not fetched",
    "missing_last_bar": "no bar on the last session",
    "not_point_in_time": "not point-in-time",
}


def print_notes(notes: dict[str, Any]) -> None:
    """Print what a refresh noted about its data, a line a series."""
    for name, said in SAID.items():
        value = notes.get(name)
        if isinstance(value, dict):
            for key, what in value.items():
                what = "; ".join(what) if isinstance(what, list) else what
                fold(out, f"{said}: {key}: {what}")
        elif value:
            more = f" and {len(value) - 12} more" if len(value) > 12 else ""
            fold(out, f"{said}: {', '.join(value[:12])}{more}")


def _origin(snapshot: store.Snapshot, key: str) -> str:
    """Vendor of a series, and whether its values are those of their time."""
    from features.data.catalog import BY_KEY
    from features.data.sources.vendor_names import live

    place = live(BY_KEY[key])
    vendor = place[0] if snapshot.source == "live" and place else snapshot.source
    revised = BY_KEY[key].revised and (snapshot.source != "live" or key in snapshot.notes.get("not_point_in_time", []))
    return f"{vendor}, not point-in-time" if revised else vendor


def _ages(snapshot: store.Snapshot) -> tuple[pd.DataFrame, pd.Timestamp, str | None]:
    """Age and origin of every series, the date they are measured against, and why a call would be refused."""
    from features.data import freshness

    against = freshness.reference_date(snapshot)
    then = snapshot.as_of(against)
    table = freshness.ages(then, against)
    table["source"] = [_origin(snapshot, key) for key in table["series"]]
    return table, against, freshness.refusal_reason(snapshot, then, against)


def as_json() -> tuple[dict[str, Any], str | None]:
    """What `status --json` prints, and why a call would be refused (or None)."""
    from features.data import freshness, store

    snapshot = store.load()
    table, against, reason = _ages(snapshot)
    head: dict[str, Any] = {"digest": snapshot.digest, "source": snapshot.source, "last": str(snapshot.last.date())}
    head |= {"against": str(against.date()), "refused": reason, "notes": snapshot.notes}
    head |= {"data_age_days": freshness.days_behind(snapshot)}
    dates = table.assign(first=table["first"].dt.strftime("%F"), last=table["last"].dt.strftime("%F"))
    return head | {"series": dates.to_dict("records")}, reason


def show(every: bool = False) -> str | None:
    """Print what is in force, how old it is and its series by state; returns why a call would be refused (or None).

    `every` lists the series with span, age and origin.
    """
    from features.data import freshness, store

    snapshot = store.load()
    table, against, reason = _ages(snapshot)
    others = [f"{name} {found.digest}" for name, found in store.stored().items() if name != snapshot.source]
    if others:
        out.print(f"also stored: {', '.join(others)} (`regime data use` puts one in force)", markup=False)
    out.print(
        f"{snapshot.source} {snapshot.digest}, up to {snapshot.last.date()}, ages at {against.date()}", style="bold"
    )
    behind = freshness.days_behind(snapshot)
    fold(out, freshness.age_sentence(snapshot), style="yellow" if behind else None)
    for line in freshness.by_state(table):
        style = "red" if line.startswith("Required") else "yellow" if line.startswith("Older") else None
        fold(out, line, style=style)
    if every:
        _list_series(table)
    print_notes(snapshot.notes)
    if reason:
        fold(out, f"a call would be refused: {reason}", style="red")
    return reason


def _list_series(table: pd.DataFrame) -> None:
    from rich.table import Table

    view = Table(box=None, pad_edge=False)
    for name in ("series", "first", "last", "age, days", "allowed", "source"):
        view.add_column(name, justify="right" if name in ("age, days", "allowed") else "left", no_wrap=name == "series")
    for row in table.itertuples():
        cells = (row.series, str(row.first.date()), str(row.last.date()), f"{row.age:,}", f"{row.allowed:,}")
        view.add_row(*cells, row.source, style="red" if row.stale and row.required else "yellow" if row.stale else None)
    print_table(view)
