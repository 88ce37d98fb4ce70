"""A stand-in for the vendors on loopback: a proxy that answers CONNECT with a certificate of its own.

The clients are the real ones in a child process; only the environment sends
them here. Answers have the vendors' wire formats. `Vendors.trouble` maps a
word of the URL to what goes wrong with it.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
import time
import urllib.parse
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import trustme

from features.data import calendar

KEY = "0123456789abcdef0123456789abcdef"
HOSTS = (
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
    "fc.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
    "finance.yahoo.com",
    "fred.stlouisfed.org",
    "api.stlouisfed.org",
    "mba.tuck.dartmouth.edu",
    "www.cftc.gov",
    "www.sec.gov",
    "data.sec.gov",
)

# What brings an invented walk near 3 to the size the series has.
SCALES = {
    "CPIAUCSL": 80,
    "CPILFESL": 80,
    "PAYEMS": 40000,
    "INDPRO": 30,
    "UMCSENT": 30,
    "ICSA": 80000,
    "MMMFFAQ027S": 1e6,
}
LEVELS = {"^SKEW": (120, 1), "^VVIX": (90, 5)}
PAGE = 100_000  # rows FRED gives an answer


@dataclass
class Vendors:
    """What the vendors hold and how they misbehave; every request is kept in `asked`."""

    session: pd.Timestamp
    first: str = "2015-01-02"
    trouble: dict[str, str] = field(default_factory=dict)
    bars: dict[str, pd.DataFrame] = field(default_factory=dict)
    values: dict[str, pd.Series] = field(default_factory=dict)
    releases: dict[str, list[tuple[str, str, float]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)

    def chart(self, ticker: str) -> pd.DataFrame:
        """Daily bars of a ticker: a random walk of its own, fixed by its name."""
        if ticker not in self.bars:
            days = calendar.sessions(pd.Timestamp(self.first), self.session)
            rng = np.random.default_rng(sum(map(ord, ticker)))
            steps = rng.normal(0.0003, 0.01, len(days))
            level, pace = LEVELS.get(ticker, (18, 5))
            close = level * np.exp(pace * steps) if ticker.startswith("^") else 100 * np.exp(steps.cumsum())
            self.bars[ticker] = pd.DataFrame(
                {"close": close, "adjusted": close, "volume": 1e6, "split": 0.0, "dividend": 0.0}, days
            )
        return self.bars[ticker]

    def series(self, name: str) -> pd.Series:
        """Current values of a FRED series."""
        if name not in self.values:
            monthly = name in ("CPIAUCSL", "CPILFESL", "PAYEMS", "UNRATE", "INDPRO", "UMCSENT", "AAA", "BAA")
            if monthly:
                days = pd.date_range("2014-01-01", self.session - pd.Timedelta(days=45), freq="MS")
            elif name in ("DRTSCILM", "MMMFFAQ027S"):
                days = pd.date_range("2010-01-01", self.session - pd.Timedelta(days=120), freq="QS")
            elif name in ("ICSA", "NFCI"):
                days = pd.date_range("2014-01-04", self.session - pd.Timedelta(days=7), freq="W-SAT")
            else:
                days = calendar.sessions(pd.Timestamp("1999-01-04"), self.session)[:-1]
            rng = np.random.default_rng(sum(map(ord, name)))
            walk = np.round(np.abs(3 + rng.normal(0, 0.05, len(days)).cumsum()), 2)
            self.values[name] = pd.Series(np.maximum(walk, 0.05) * SCALES.get(name, 1), days)
        return self.values[name]

    def vintages(self, name: str) -> list[tuple[str, str, float]]:
        """(date, realtime_start, value): first prints some weeks after their date, older ones back-filled."""
        if name not in self.releases:
            values = self.series(name)
            began = pd.Timestamp("2016-03-01")
            lag = pd.Timedelta(days={"ICSA": 7, "NFCI": 7, "MMMFFAQ027S": 120}.get(name, 45))  # as `series` ends
            rows = [(str(day.date()), str(max(began, day + lag).date()), float(value)) for day, value in values.items()]
            self.releases[name] = rows
        return self.releases[name]


def yahoo(vendors: Vendors, ticker: str, query: dict[str, str]) -> tuple[int, bytes]:
    bars = vendors.chart(ticker)
    if "period1" in query:
        start = pd.Timestamp(int(query["period1"]), unit="s").normalize()
        bars = bars[bars.index >= start]
    elif query.get("range") not in ("max", None):
        bars = bars.iloc[-5:]
    local = (bars.index + pd.Timedelta(hours=9, minutes=30)).tz_localize("America/New_York")
    stamps = [int(moment.timestamp()) for moment in local]

    def numbers(column: str) -> list[float | None]:
        return [None if np.isnan(value) else float(value) for value in bars[column]]

    events: dict[str, dict[str, object]] = {"splits": {}, "dividends": {}}
    for stamp, split, dividend in zip(stamps, bars["split"], bars["dividend"], strict=True):
        if split:
            events["splits"][str(stamp)] = {
                "date": stamp,
                "numerator": float(split),
                "denominator": 1.0,
                "splitRatio": f"{split:g}:1",
            }
        if dividend:
            events["dividends"][str(stamp)] = {"date": stamp, "amount": float(dividend)}
    close = numbers("close")
    meta = {
        "currency": "USD",
        "symbol": ticker,
        "exchangeName": "PCX",
        "instrumentType": "ETF",
        "firstTradeDate": stamps[0] if stamps else None,
        "regularMarketTime": stamps[-1] if stamps else 0,
        "gmtoffset": -18000,
        "timezone": "EST",
        "exchangeTimezoneName": "America/New_York",
        "regularMarketPrice": 1.0,
        "priceHint": 2,
        "dataGranularity": "1d",
        "range": query.get("range", ""),
        "validRanges": ["1d", "5d", "1mo", "1y", "max"],
        "currentTradingPeriod": {
            part: {"timezone": "EST", "start": 0, "end": 0, "gmtoffset": -18000} for part in ("pre", "regular", "post")
        },
    }
    quote = {"open": close, "high": close, "low": close, "close": close, "volume": numbers("volume")}
    result = {
        "meta": meta,
        "timestamp": stamps,
        "events": {name: found for name, found in events.items() if found},
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": numbers("adjusted")}]},
    }
    return 200, json.dumps({"chart": {"result": [result], "error": None}}).encode()


GONE = {
    "chart": {
        "result": None,
        "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"},
    }
}

UNAUTHORIZED = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}


def fred_csv(vendors: Vendors, query: dict[str, str]) -> bytes:
    name = query["id"]
    rows = "".join(f"{day.date()},{value}\n" for day, value in vendors.series(name).items())
    return f"observation_date,{name}\n{rows}".encode()


def fred_api(vendors: Vendors, path: str, query: dict[str, str]) -> tuple[int, bytes]:
    if query.get("api_key") != KEY:
        return 400, b'<?xml version="1.0"?><error code="400" message="Bad Request. The value for api_key is wrong." />'
    name = query["series_id"]
    head = '<?xml version="1.0" encoding="utf-8" ?>\n'
    if path.endswith("/vintagedates"):
        days = sorted({row[1] for row in vendors.vintages(name)})
        body = "".join(f"<vintage_date>{day}</vintage_date>" for day in days)
        return 200, f"{head}<vintage_dates>{body}</vintage_dates>".encode()
    if "realtime_start" not in query:
        rows = [(str(day.date()), str(vendors.session.date()), value) for day, value in vendors.series(name).items()]
    else:
        rows = windowed(vendors.vintages(name), query["realtime_start"], query["realtime_end"])
    offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", PAGE)), PAGE)
    body = "".join(
        f'<observation realtime_start="{start}" realtime_end="9999-12-31" date="{day}" value="{value}"/>'
        for day, start, value in rows[offset : offset + limit]
    )
    return (
        200,
        f'{head}<observations count="{len(rows)}" offset="{offset}" limit="{limit}">{body}</observations>'.encode(),
    )


def windowed(rows: list[tuple[str, str, float]], start: str, end: str) -> list[tuple[str, str, float]]:
    """What ALFRED answers for a window: values in force in it, begun no earlier than the window."""
    found = []
    by_date: dict[str, list[tuple[str, float]]] = {}
    for day, since, value in rows:
        by_date.setdefault(day, []).append((since, value))
    for day, said in by_date.items():
        said.sort()
        for place, (since, value) in enumerate(said):
            until = said[place + 1][0] if place + 1 < len(said) else "9999-12-31"
            if since <= end and until > start:
                found.append((day, max(since, start), value))
    return found


FRENCH = {
    "F-F_Research_Data_Factors_daily": ["Mkt-RF", "SMB", "HML", "RF"],
    "Portfolios_Formed_on_ME_daily": ["<= 0", "Lo 30", "Med 40", "Hi 30", "Lo 10", "Dec 7", "Dec 8", "Dec 9", "Hi 10"],
    "10_Industry_Portfolios_daily": [
        "NoDur",
        "Durbl",
        "Manuf",
        "Enrgy",
        "HiTec",
        "Telcm",
        "Shops",
        "Hlth",
        "Utils",
        "Other",
    ],
    "12_Industry_Portfolios_daily": ["NoDur", "Chems"],
    "25_Portfolios_5x5_daily": ["SMALL LoBM", "SMALL HiBM", "ME2 BM5", "BIG LoBM", "ME5 BM2", "ME5 BM4", "BIG HiBM"],
}


def french(name: str) -> bytes:
    columns = FRENCH[name]
    days = calendar.sessions(pd.Timestamp("1998-01-02"), pd.Timestamp("2005-12-30"))
    values = np.random.default_rng(len(name)).normal(0.04, 1.0, (len(days), len(columns)))
    if "RF" in columns:
        values[:, columns.index("RF")] = 0.02
    rows = "\r\n".join(
        f"{day:%Y%m%d}," + ",".join(f"{value:8.2f}" for value in row) for day, row in zip(days, values, strict=True)
    )
    text = (
        f"This file was created by hand\r\n\r\n  Value Weighted\r\n,{','.join(columns)}\r\n{rows}\r\n\r\nCopyright\r\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.csv", text)
    return packed.getvalue()


def positions(vendors: Vendors, path: str) -> tuple[int, bytes]:
    """A year of weekly reports as the CFTC packs them; the first years in one archive."""
    years = [int(part) for part in path.removesuffix(".zip").split("_") if part.isdigit()]
    first, last = years[0], years[-1]
    end = min(vendors.session - pd.Timedelta(days=4), pd.Timestamp(last, 12, 31))
    head = (
        "Market_and_Exchange_Names,Report_Date_as_YYYY-MM-DD,CFTC_Contract_Market_Code,Open_Interest_All,"
        "Asset_Mgr_Positions_Long_All,Asset_Mgr_Positions_Short_All,Lev_Money_Positions_Long_All,"
        "Lev_Money_Positions_Short_All"
    )
    codes = ("13874A", "209742", "23977A", "239742", "1170E1", "13874+")
    rows = [
        f'"A MARKET, {code} " ,{day.date()},"{code}" ,   {1000 + place},400,{300 + day.week},100,{200 + place}'
        for day in pd.date_range(pd.Timestamp(first, 6, 13) if first == 2006 else f"{first}-01-01", end, freq="W-TUE")
        for place, code in enumerate(codes)
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("FinFutYY.txt", "\r\n".join([head, *rows]) + "\r\n")
    return 200, packed.getvalue()


NUMBERS = {"AAA": 1, "AAPL": 320193}


def filings(vendors: Vendors, path: str) -> tuple[int, bytes]:
    """EDGAR's list of tickers, and the facts of a company whose quarters grow; the second is filed twice."""
    if path.endswith("company_tickers.json"):
        listed = {str(place): {"cik_str": cik, "ticker": name} for place, (name, cik) in enumerate(NUMBERS.items())}
        return 200, json.dumps(listed).encode()
    rows = []
    for place, end in enumerate(pd.date_range("2018-03-31", vendors.session - pd.Timedelta(days=60), freq="QE")):
        start = end - pd.offsets.QuarterBegin(startingMonth=1)
        for delay, value in ((35, 100 + place), (400, -1)):
            filed = end + pd.Timedelta(days=delay)
            if filed <= vendors.session:
                dates = {"start": str(start.date()), "end": str(end.date()), "filed": str(filed.date())}
                rows.append(dates | {"val": value, "form": "10-Q"})
    facts = {"us-gaap": {"NetIncomeLoss": {"units": {"USD": rows}}}}
    return 200, json.dumps({"entityName": "A company", "facts": facts}).encode()


def answer(vendors: Vendors, url: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers for a URL."""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    host, path = parts.hostname or "", urllib.parse.unquote(parts.path)
    if host == "fc.yahoo.com":
        return 404, b"", {"Set-Cookie": "A3=d=stand-in; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure"}
    if path.endswith("/getcrumb"):
        return 200, b"cRuMb", {}
    if "/finance/chart/" in path:
        return *yahoo(vendors, path.rsplit("/", 1)[1], query), {"Content-Type": "application/json"}
    if host == "fred.stlouisfed.org":
        return 200, fred_csv(vendors, query), {"Content-Type": "text/csv"}
    if host == "api.stlouisfed.org":
        return *fred_api(vendors, path, query), {"Content-Type": "text/xml"}
    if host == "mba.tuck.dartmouth.edu":
        name = path.rsplit("/", 1)[1].removesuffix("_CSV.zip")
        return 200, french(name), {"Content-Type": "application/zip"}
    if host == "www.cftc.gov":
        return *positions(vendors, path), {"Content-Type": "application/zip"}
    if host.endswith("sec.gov"):
        return *filings(vendors, path), {"Content-Type": "application/json"}
    return 404, b"unknown", {}


class Stand(ThreadingHTTPServer):
    """The proxy; `env` is what a child process needs to be sent here."""

    daemon_threads = True

    def __init__(self, vendors: Vendors, folder) -> None:
        self.vendors = vendors
        self.authority = trustme.CA()
        self.contexts: dict[str, ssl.SSLContext] = {}
        self.authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        super().__init__(("127.0.0.1", 0), Handler)
        proxy = f"http://127.0.0.1:{self.server_address[1]}"
        bundle = str(folder / "ca.pem")
        self.env = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), proxy)
        self.env |= dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), bundle)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *args) -> None:
        self.shutdown()
        super().__exit__(*args)

    def context(self, host: str) -> ssl.SSLContext:
        if host not in self.contexts:
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.authority.issue_cert(host).configure_cert(made)
            made.set_alpn_protocols(["http/1.1"])
            self.contexts[host] = made
        return self.contexts[host]

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up, or that we cut, is part of the play."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stand

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.connection.close()  # the one TLS has wrapped; the server closes only the plain one

    def log_message(self, *args) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        host = self.path.split(":")[0]
        if host not in HOSTS:
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context(host).wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.host = host
        while True:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                break
            self.reply(f"https://{host}{self.path}")
            if self.close_connection:
                break
        self.close_connection = True

    def do_GET(self) -> None:
        self.reply(self.path)

    def do_POST(self) -> None:
        self.reply(self.path)

    def reply(self, url: str) -> None:
        vendors = self.server.vendors
        vendors.asked.append(url)
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        for word, kind in vendors.trouble.items():
            if word in url:
                vendors.hits[word] = vendors.hits.get(word, 0) + 1
                if self.misbehave(kind, url, vendors.hits[word]):
                    return
        self.send(*answer(vendors, url))

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, kind: str, url: str, hit: int) -> bool:
        """Go wrong as told; False when this time all is well."""
        kind, _, times = kind.partition("*")
        if times and hit > int(times):
            return False
        if kind == "cut":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif kind == "slow":
            time.sleep(40)
            self.close_connection = True
        elif kind == "429-after":
            self.send(429, b"Too Many Requests", {"Retry-After": "1"})
        elif kind == "echo":
            said = urllib.parse.quote(url, safe="")
            xml = f'<?xml version="1.0"?><error code="400" message="Bad Request for {said} {KEY}" />'
            self.send(400, xml.encode(), {})
        else:
            bodies = {
                "429": (429, b"Too Many Requests"),
                "401": (401, json.dumps(UNAUTHORIZED).encode()),
                "500": (500, b"<html>oops</html>"),
                "html": (200, b"<html><body>We will be back</body></html>"),
                "empty": (200, b"{}"),
                "gone": (404, json.dumps(GONE).encode()),
            }
            self.send(*bodies[kind], {})
        return True
