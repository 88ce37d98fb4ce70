"""One side of `peers.py`, in an environment of its own: called with module, name, rows and a place for results.

A side is a function of the rows that returns what is measured, as a function without arguments: tables of another
shape, files and a calendar are made before. Prints JSON: processor seconds (user and system, children included).
"""

from __future__ import annotations

import importlib
import json
import os
import sys

import numpy as np


def main() -> None:
    """Run it once over few rows, for imports and compilers, and then measure it over all."""
    module, name, rows, results = sys.argv[1:]
    data = dict(np.load(rows))
    peers = importlib.import_module(module)
    side = peers.SIDES[name]
    side(peers.few(data))()
    measured = side(data)
    before = os.times()
    found = measured()
    after = os.times()
    np.save(results, found)
    print(json.dumps({"seconds": sum(after[:4]) - sum(before[:4])}))


if __name__ == "__main__":
    main()
