"""FRED's CSV exports: ``DATE`` or ``observation_date``, then one column a series; missing is a dot or nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.data import catalog
from features.data.checks import dates, tables
from features.data.errors import RegimeError
from features.data.vendor_files.bars import numbers
from features.data.vendor_files.understood import Target, Understood

HEADS = ("DATE", "observation_date")


def read(path: Path, content: bytes, target: Target) -> Understood | None:
    """Rows for the long table ``fred``, or None when it is no such file.

    Raises
    ------
    RegimeError
        None of the columns is a FRED series of the catalogue.
    """
    first = content.decode("utf-8-sig", "replace").splitlines()[:1]
    headings = first[0].strip().replace('"', "").split(",") if first else []
    known = {series.column: series for series in catalog.CATALOG if series.table in ("fred", "fredmd")}
    if not headings or headings[0] not in HEADS or target.table not in (None, "fred", "fredmd"):
        return None
    # Cboe writes DATE as well; a FRED file has a series of its own name.
    if headings[0] == "DATE" and headings[1:2] in (["OPEN"], ["VIX"], ["VVIX"], ["SKEW"], ["VIX9D"], ["VIX3M"]):
        return None
    wanted = [heading for heading in headings[1:] if heading in known and known[heading].lag != "vintage"]
    if not wanted:
        raise RegimeError(f"{path.name}: {', '.join(headings[1:4])} is no FRED series of the catalogue")
    table = tables.blank_rows_dropped(tables.parse_csv(path.name, content, tables.ALL_TEXT), headings[0])
    days = dates.read(f"{path.name}: column {headings[0]}", table[headings[0]])
    out: dict[str, pd.DataFrame] = {}
    rows = []
    for heading in wanted:
        values = numbers(path.name, table[heading])
        if known[heading].table == "fredmd":
            part = pd.DataFrame({heading: values.to_numpy()}, days.rename("date"))
            out["fredmd"] = part if "fredmd" not in out else out["fredmd"].join(part, how="outer")
        else:
            rows.append(
                pd.DataFrame({"series": heading, "date": days, "value": values.to_numpy()}).dropna(subset="value")
            )
    if rows:
        out["fred"] = pd.concat(rows, ignore_index=True).assign(vintage="current_revision", realtime_start=pd.NaT)
        out["fred"]["realtime_start"] = out["fred"]["realtime_start"].astype("datetime64[ns]")
    units = sorted({known[heading].unit for heading in wanted})
    left = [heading for heading in headings[1:] if heading not in wanted]
    notes = [f"not read: {', '.join(left)}"] if left else []
    revised = [heading for heading in wanted if known[heading].revised]
    if revised:
        notes.append(f"revised as they are today, so not point in time: {', '.join(revised)}")
    return Understood("FRED", out, ", ".join(units), notes)
