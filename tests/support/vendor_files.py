"""Files byte for byte as vendors write them: headings, line ends, date forms, thousands, marks of the encoding."""

from __future__ import annotations

import io
import zipfile

BOM = b"\xef\xbb\xbf"

# By file name: the bytes, the vendor, and what is understood as {table: {column: {date: value}}}.
WIDE: dict[str, tuple[bytes, str, dict[str, dict[str, dict[str, float]]]]] = {
    "VIX_History.csv": (
        b"DATE,OPEN,HIGH,LOW,CLOSE\r\n01/02/1990,17.240000,17.240000,17.240000,17.240000\r\n"
        b"01/03/1990,18.190000,18.190000,18.190000,18.190000\r\n",
        "Cboe",
        {"vix": {"VIX": {"1990-01-02": 17.24, "1990-01-03": 18.19}}},
    ),
    "VVIX_History.csv": (
        b"DATE,VVIX\n03/06/2006,71.73\n03/07/2006,73.40\n",
        "Cboe",
        {"vix": {"VVIX": {"2006-03-06": 71.73, "2006-03-07": 73.40}}},
    ),
    "SPY.csv": (
        b"Date,Open,High,Low,Close,Adj Close,Volume\n"
        b"1993-01-29,43.968750,43.968750,43.750000,43.937500,24.840017,1003200\n"
        b"1993-02-01,null,null,null,null,null,null\n",
        "Yahoo",
        {
            "prices_etf": {"SPY": {"1993-01-29": 24.840017, "1993-02-01": float("nan")}},
            "volume_etf": {"SPY": {"1993-01-29": 1003200.0, "1993-02-01": float("nan")}},
        },
    ),
    "^VIX.csv": (
        b"Date,Open,High,Low,Close,Adj Close,Volume\n1990-01-02,17.240000,17.240000,17.240000,17.240000,17.240000,0\n",
        "Yahoo",
        {"vix": {"VIX": {"1990-01-02": 17.24}}},
    ),
    "rsp_us_d.csv": (
        b"Date,Open,High,Low,Close,Volume\r\n2003-05-01,16.9,17.0,16.8,16.95,130341\r\n"
        b"2003-05-02,17.0,17.2,17.0,17.21,223232\r\n",
        "Stooq",
        {
            "prices_etf": {"RSP": {"2003-05-01": 16.95, "2003-05-02": 17.21}},
            "volume_etf": {"RSP": {"2003-05-01": 130341.0, "2003-05-02": 223232.0}},
        },
    ),
    "iwm.us.txt": (
        b"<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\r\n"
        b"IWM.US,D,20050225,000000,52.6,53.3,52.5,53.2,14829300,0\r\n",
        "Stooq",
        {"prices_etf": {"IWM": {"2005-02-25": 53.2}}, "volume_etf": {"IWM": {"2005-02-25": 14829300.0}}},
    ),
    "INDEX_MMTH, 1D.csv": (
        b"time,open,high,low,close\n1672756200,50.1,51.2,49.3,50.5\n1672842600,50.5,52.0,50.1,51.5\n",
        "TradingView",
        {"breadth_exchange": {"MMTH": {"2023-01-03": 50.5, "2023-01-04": 51.5}}},
    ),
    "USI_ADV, 1D (1).csv": (
        b"time,open,high,low,close,Volume,Volume MA\n"
        b"2023-07-03T09:30:00-04:00,1,2,1,1881,0,0\n2023-07-05T09:30:00-04:00,1,2,1,902,0,0\n",
        "TradingView",
        {"breadth_exchange": {"ADV": {"2023-07-03": 1881.0, "2023-07-05": 902.0}}},
    ),
    "CBOE Volatility Index Historical Data.csv": (
        BOM + b'"Date","Price","Open","High","Low","Vol.","Change %"\n'
        b'"12/29/2023","12.45","12.40","13.19","12.31","","-0.16%"\n'
        b'"12/28/2023","12.47","12.40","12.65","12.38","","0.32%"',
        "investing.com",
        {"vix": {"VIX": {"2023-12-28": 12.47, "2023-12-29": 12.45}}},
    ),
    "S&P 500 Historical Data.csv": (
        BOM + b'"Date","Price","Open","High","Low","Change %"\r\n'
        b'"Dec 29, 2023","4,769.83","4,782.88","4,788.43","4,751.99","-0.28%"\r\n'
        b'"Dec 28, 2023","4,783.35","4,786.44","4,793.30","4,780.98","0.04%"\r\n',
        "investing.com",
        {"indices": {"^GSPC": {"2023-12-28": 4783.35, "2023-12-29": 4769.83}}},
    ),
    "prices.csv": (
        b"Price,Close,Close,Volume,Volume\nTicker,RSP,SPY,RSP,SPY\nDate,,,,\n"
        b"2023-01-03,137.81,369.24,5216800,74850700\n2023-01-04,,372.09,6041500,85934100\n",
        "yfinance",
        {
            "prices_etf": {
                "RSP": {"2023-01-03": 137.81, "2023-01-04": float("nan")},
                "SPY": {"2023-01-03": 369.24, "2023-01-04": 372.09},
            },
            "volume_etf": {
                "RSP": {"2023-01-03": 5216800.0, "2023-01-04": 6041500.0},
                "SPY": {"2023-01-03": 74850700.0, "2023-01-04": 85934100.0},
            },
        },
    ),
    "by_ticker.csv": (
        b"Ticker,^VIX,^VIX,AAPL,AAPL\nPrice,Close,Adj Close,Close,Adj Close\nDate,,,,\n"
        b"2023-01-03,22.9,22.9,125.07,123.63\n",
        "yfinance",
        {"vix": {"VIX": {"2023-01-03": 22.9}}, "prices_mag7": {"AAPL": {"2023-01-03": 123.63}}},
    ),
    "F-F_Research_Data_Factors_daily.CSV": (
        b"This file was created by using the 202310 CRSP database.\r\nThe Tbill return is the simple daily rate that, "
        b"over the number of trading days\r\nin the month, compounds to 1-month TBill rate.\r\n\r\n"
        b",Mkt-RF,SMB,HML,RF\r\n19260701,    0.09,   -0.25,   -0.27,    0.01\r\n"
        b"19260702,    0.45,   -0.33,  -99.99,    0.01\r\n\r\nCopyright 2023 Kenneth R. French\r\n",
        "Ken French",
        {
            "famafrench_factors_daily": {
                "Mkt-RF": {"1926-07-01": 0.0009, "1926-07-02": 0.0045},
                "SMB": {"1926-07-01": -0.0025, "1926-07-02": -0.0033},
                "HML": {"1926-07-01": -0.0027, "1926-07-02": float("nan")},
                "RF": {"1926-07-01": 0.0001, "1926-07-02": 0.0001},
            }
        },
    ),
}
FRED = {
    "DGS10.csv": b"observation_date,DGS10\n1962-01-02,4.06\n1962-01-03,\n1962-01-04,3.99\n",
    "DGS1.csv": b"DATE,DGS1\n1962-01-02,3.22\n1962-01-03,.\n1962-01-04,3.24\n",
    "fredgraph.csv": b"observation_date,DGS3MO,UNRATE\r\n1981-09-01,17.01,7.6\r\n1981-09-02,16.65,\r\n",
}
MEMBERS = {
    "sp500_ticker_start_end.csv": b"ticker,start_date,end_date\nAAL,1996-01-02,1997-01-15\nBRK.B,2010-02-16,\n",
    "S&P 500 Historical Components & Changes.csv": (
        "date,tickers\n"
        + f'1996-01-02,"AAL,{",".join(f"T{n}" for n in range(450))}"\n'
        + f'1997-01-15,"BRK.B,{",".join(f"T{n}" for n in range(450))}"\n'
    ).encode(),
    "constituents.csv": (
        "Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded\n"
        + '"BRK.B","Berkshire Hathaway",Financials,"Multi-Sector Holdings","Omaha, Nebraska",2010-02-16,1067983,1839\n'
        + "".join(f'T{n},"Firm, Inc.",Energy,Oil,"A, B",2001-05-01,1,1900\n' for n in range(450))
    ).encode(),
}
_PORTFOLIOS = (
    "This file was created using the 202504 CRSP database.\nIt contains value- and equal-weighted returns for 10 "
    "industry portfolios.\n\nMissing data are indicated by -99.99 or -999.\n\n\n"
    "  Average Value Weighted Returns -- Daily\n,NoDur,Durbl,Manuf,Enrgy,HiTec,Telcm,Shops,Hlth,Utils,Other\n"
    "19260701,   0.02,  -0.28,  -0.22,   0.57,  -0.23,   0.03,   0.11,   0.97,   0.61,  -0.09\n\n\n"
    "  Average Equal Weighted Returns -- Daily\n,NoDur,Durbl,Manuf,Enrgy,HiTec,Telcm,Shops,Hlth,Utils,Other\n"
    "19260701,   9.02,   9.28,   9.22,   9.57,   9.23,   9.03,   9.11,   9.97,   9.61,   9.09\n"
)


def industries_zip() -> bytes:
    """Ken French's archive of industry portfolios, with its two blocks."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("10_Industry_Portfolios_Daily.csv", _PORTFOLIOS)
    return packed.getvalue()
