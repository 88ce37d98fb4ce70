"""The embedded sample: 20 US survivors, an index and yields, offline (built by `build.py`).

A historical demonstration, not a market: the stocks were chosen for having
survived, and the data end on 2022-12-28 (yields in 2017).
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "tables"
CAVEAT = "historical demonstration on 20 surviving stocks, ends 2022-12; not evidence about a market"
