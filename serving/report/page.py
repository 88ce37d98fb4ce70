"""The report of a call: one HTML file that needs no network, for a wide screen and for a phone."""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import plotly.io
import plotly.offline

from features.data.calendar import HORIZON
from features.data.files import write_file
from features.data.paths import home
from models.figures.colors import INK, OUTCOME_COLORS, VERDICT_COLORS
from models.tracking.registry import Registered
from serving import journal
from serving.call import Call
from serving.call_context import load_context
from serving.parts import shown_drivers, spoken
from serving.predict import make_call
from serving.report import charts

STYLE = """
:root{--ink:#1f2933;--muted:#616e7c;--line:#e4e7eb}
*{box-sizing:border-box}
body{margin:0;font-family:system-ui,sans-serif;color:var(--ink);background:#f5f7fa;line-height:1.45}
main{max-width:1240px;margin:0 auto;padding:16px}
section{background:#fff;border:1px solid var(--line);border-radius:8px;padding:14px;margin-bottom:14px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:0 0 8px}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:12px}
.muted{color:var(--muted);font-size:13px}
figure{margin:0;min-width:0;overflow:hidden}
figcaption{font-size:14px;margin-bottom:2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;width:100%}
td,th{padding:4px 10px 4px 0;text-align:left;border-bottom:1px solid var(--line)}
.bar{height:10px;border-radius:5px;background:var(--line);position:relative;min-width:90px}
.bar i{position:absolute;left:0;top:0;bottom:0;border-radius:5px}
.bar b{position:absolute;top:-3px;bottom:-3px;width:2px;background:var(--ink)}
.verdict{display:inline-block;padding:2px 10px;border-radius:12px;font-weight:600}
ul{margin:4px 0;padding-left:18px}
"""
# A chart drawn while the page is still growing has the width of that moment.
FIT = "addEventListener('load',()=>document.querySelectorAll('.js-plotly-plot').forEach(e=>Plotly.Plots.resize(e)))"
DARK = ("rotation", "breakdown")  # verdicts whose colour carries white letters


def _figure(figure: go.Figure) -> str:
    options = {"displayModeBar": False, "responsive": True}
    drawn = plotly.io.to_html(figure, include_plotlyjs=False, full_html=False, config=options)
    return f"<figure><figcaption>{figure.layout.meta['title']}</figcaption>{drawn}</figure>"


def _grid(figures: list[go.Figure]) -> str:
    return f'<div class="grid">{"".join(_figure(one) for one in figures)}</div>'


def _probabilities(call: Call) -> str:
    base_rates, challenger = call.base_rates.as_dict(), call.challenger.probabilities.as_dict()
    rows = []
    for name, value in call.probabilities.as_dict().items():
        bar = (
            f'<div class="bar"><i style="width:{100 * value:.1f}%;background:{OUTCOME_COLORS[name]}"></i>'
            f'<b style="left:{100 * base_rates[name]:.1f}%"></b></div>'
        )
        cells = f"<td>{value:.1%}</td><td>{bar}</td><td>{base_rates[name]:.1%}</td><td>{challenger[name]:.1%}</td>"
        rows.append(f"<tr><td>{name}</td>{cells}</tr>")
    head = "<tr><th></th><th>probability</th><th></th><th>base rate</th><th>challenger</th></tr>"
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _drivers(call: Call) -> str:
    drivers, of_challenger = shown_drivers(call)
    parts = [f"<p>{html.escape(one.words)}</p>" for one in call.drivers] if of_challenger else []
    for side in ("rotation", "breakdown"):
        items = "".join(
            f"<li>{html.escape(one.words)} <span class='muted'>{html.escape(spoken(one.family))}</span></li>"
            for one in drivers
            if one.side == side
        )
        if items:
            parts.append(f"<div><h2>For {side}{' (challenger)' if of_challenger else ''}</h2><ul>{items}</ul></div>")
    return f'<div class="grid">{"".join(parts)}</div>'


def _record(call: Call) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{one.right:.0%}</td><td>{one.interval[0]:.0%} to {one.interval[1]:.0%}"
        f"</td><td>{one.base_rate:.0%}</td><td>{one.weeks}</td><td>{one.episodes}</td></tr>"
        for name, one in call.record.items()
    )
    head = (
        "<tr><th>verdict</th><th>right</th><th>90 % interval</th><th>base rate</th><th>weeks</th><th>episodes</th></tr>"
    )
    return f'<div class="scroll"><table>{head}{rows}</table></div>' if rows else "<p>No record yet.</p>"


def _freshness(call: Call) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(key)}</td><td>{one.last}</td><td>{'required' if one.required else ''}</td>"
        f"<td>{'stale' if one.stale else ''}</td></tr>"
        for key, one in sorted(call.freshness.items(), key=lambda pair: (not pair[1].stale, pair[0]))
    )
    table = f'<div class="scroll"><table>{rows}</table></div>'
    return f"<details><summary>{len(call.freshness)} series</summary>{table}</details>"


def headline(call: Call, head: str) -> str:
    """The first section: the verdict, the probabilities, and what they stand on."""
    model, since = call.model, call.leaders_faltering.since
    role = "champion" if model.champion else "no champion: the challenger is shown"
    mark = "" if call.head_to_head_evidence else " (no evidence on rotation)"
    of_model = f"{model.name} v{model.version} ({model.estimator}, {role})"
    badge = f"background:{VERDICT_COLORS[call.verdict]};color:{'#fff' if call.verdict in DARK else INK}"
    lines = [
        f'<h1><span class="verdict" style="{badge}">{spoken(call.verdict)}</span></h1>',
        f"<p>As of {call.asof}, for the next {HORIZON} sessions. Rotation against breakdown: {call.head_to_head:.0%}"
        f"{mark}. Leaders {f'falter since {since}' if since else 'do not falter'}.</p>",
        _probabilities(call),
        f"<p class='muted'>{html.escape(of_model)}, fitted {model.fitted_at}; "
        f"out-of-sample skill {model.skill:+.3f} (p {model.skill_p:.3f}). The black mark is the base rate. "
        f"Data {call.source} {call.digest}; journal head {head[:16]}.</p>",
    ]
    if model.override:
        lines.append(f"<p>Set by a person, not by the gate: {html.escape(model.override)}</p>")
    if call.caveat:
        lines.append(f"<p class='muted'>{html.escape(call.caveat)}</p>")
    for key, said in call.substitutions.items():
        lines.append(f"<p class='muted'>{html.escape(key)}: {html.escape(said)}</p>")
    return "".join(lines)


def render(call: Call, data: charts.ChartData, predictions: pd.DataFrame | None, head: str) -> str:
    """The whole file as text.

    Parameters
    ----------
    call : Call
    data : ChartData
        Panel and features up to the call's as-of date.
    predictions : DataFrame or None
        The model's walk-forward predictions, where they are at hand.
    head : str
        The journal's head hash.
    """
    graph = charts.rotation_graph(data)
    sections = [
        headline(call, head),
        "<h2>Why</h2>" + _drivers(call),
        _grid(charts.ratios(data)),
        _figure(graph) if graph else "",
        _grid(charts.market(data)),
    ]
    if predictions is not None:
        sections.append(_grid([charts.history(predictions), charts.reliability(predictions)]))
    sections += ["<h2>Record, out of sample</h2>" + _record(call), "<h2>Data</h2>" + _freshness(call)]
    body = "".join(f"<section>{part}</section>" for part in sections if part)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>regime {call.asof}: {spoken(call.verdict)}</title><style>{STYLE}</style>"
        f"<script>{plotly.offline.get_plotlyjs()}</script></head><body><main>{body}</main><script>{FIT}</script></body></html>"
    )


def _predictions(model: Registered) -> pd.DataFrame | None:
    path = home() / "predictions" / model.run_id / "predictions.parquet"
    return pd.read_parquet(path) if path.exists() else None


def write_report(path: Path, call: Call | None = None) -> Path:
    """Write the report of a call (the latest one if absent) to `path`.

    Raises
    ------
    RegimeError
        The file cannot be written, or no call can be made.
    """
    context = load_context()
    call = call or make_call(None, context)
    snapshot = context.snapshot.as_of(pd.Timestamp(call.asof))
    text = render(call, charts.chart_data(snapshot), _predictions(context.shown), journal.verify()[1])
    write_file(path, text)
    return path
