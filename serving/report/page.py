"""The report of a call: one static HTML file, complete without a network and without JavaScript."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pandas as pd

from features.data.files import write_file
from models.evaluation.predictions import known_at
from models.tracking import stored_predictions
from models.tracking.range_registry import RegisteredRange
from models.tracking.registry import Registered
from serving import drift_history, glossary, journal
from serving.call import Call
from serving.call_context import CallContext, load_context
from serving.headline import headline, word_of
from serving.parts import Part, make_parts
from serving.predict import make_call
from serving.report import charts, drift, history, markup, rotation_graph
from serving.report.markup import escape

CAPTIONS = {
    "range": "Range of the broad leg's return, and odds of falls",
    "odds": "Odds by outcome",
    "followed": "What followed each word",
    "destinations": "Groups, in percent",
}
STYLE = Path(__file__).with_name("style.css")


def render(
    call: Call,
    data: charts.ChartData,
    predictions: pd.DataFrame | None,
    head: str,
    ranges: tuple[str, pd.DataFrame] | None = None,
    calls: pd.DataFrame | None = None,
    said: history.Said | None = None,
) -> str:
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
    ranges : (str, DataFrame), optional
        Name and out-of-sample ranges of the range's model.
    calls : DataFrame, optional
        Scored calls of the journal, for the history of their drift.
    said : Said, optional
        The words of the past.
    """
    parts = make_parts(call)
    sections = [(part.key, part.title, part_html(part)) for part in parts if part.key != "terms"]
    pictures = [
        ("market", "The market around it", charts.html(data)),
        ("rotation-graph", "Who leads, who follows", rotation_graph.html(data.daily)),
    ]
    if predictions is not None:
        told = history.html(predictions, data.returns, f"{call.model.name} v{call.model.version}", ranges, said)
        pictures.append(("record", "The record", told))
    if calls is not None:
        pictures.append(("drift", "The drift of the calls", drift.html(calls)))
    # Pictures stand before the fine print.
    place = next(place for place, (key, _, _) in enumerate(sections) if key == "data")
    shown = [*sections[:place], *pictures, *sections[place:]]
    text = headline(call) + "".join(inside for _, _, inside in shown)
    return _document(call, [*shown, ("terms", "Terms", _terms(text))], head)


def part_html(part: Part) -> str:
    """A part of the call: its table, its sentences, its lists."""
    told = [markup.table(part.grid, CAPTIONS.get(part.key, f"Table: {part.title}"))] if part.grid else []
    told.append(markup.paragraphs(part.lines))
    for title, items in part.lists:
        told.append(f"<h3>{escape(title)}</h3>{markup.bullets(items)}")
    return "".join(told)


def _terms(text: str) -> str:
    """The terms that stand in the report's text."""
    said = unescape(re.sub(r"<[^>]*>", " ", text)).replace("\N{NO-BREAK SPACE}", " ").lower()
    entries = [
        (name, one)
        for name, one in glossary.terms().items()
        if any(re.search(rf"(?<!\w){re.escape(called.lower())}(?!\w)", said) for called in (name, *one.also))
    ]
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(one.short)}</dd>' for name, one in entries)}</dl>"


def _document(call: Call, sections: list[tuple[str, str, str]], head: str) -> str:
    shown = [one for one in sections if one[2]]
    links = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>' for key, title, _ in shown)
    body = "".join(markup.section(key, title, inside) for key, title, inside in shown)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>regime {call.asof}: {word_of(call)}</title><style>{STYLE.read_text('utf-8')}</style></head>"
        f'<body><a class="skip" href="#content">To the content</a><header><h1 class="{call.verdict}">'
        f'{escape(headline(call))}</h1><nav aria-label="Contents"><ul>{links}</ul></nav></header>'
        f'<main id="content">{body}</main><footer><p class="note">regime, journal head {escape(head[:16])}. Not '
        "investment advice.</p></footer></body></html>"
    )


def _predictions(model: Registered, asof: pd.Timestamp) -> pd.DataFrame | None:
    path = stored_predictions.path_of(model.run_id)
    rows = known_at(pd.read_parquet(path), asof) if path.exists() else None
    return rows if rows is not None and rows["outcome"].notna().any() else None


def _ranges(model: RegisteredRange | None, asof: pd.Timestamp) -> tuple[str, pd.DataFrame] | None:
    """Name and ranges up to a decision, with the returns known by then."""
    if model is None or not (path := stored_predictions.path_of(model.run_id, stored_predictions.RANGES)).exists():
        return None
    rows = known_at(pd.read_parquet(path), asof, "realised")
    return (f"{model.name} v{model.version}", rows) if rows["realised"].notna().any() else None


def write_report(
    path: Path,
    call: Call | None = None,
    asof: pd.Timestamp | None = None,
    head: str | None = None,
    context: CallContext | None = None,
) -> Path:
    """Write the report of a call to `path`.

    Parameters
    ----------
    path : Path
    call : Call, optional
        Made anew if absent.
    asof : Timestamp, optional
        Then as it would have been made at that date; the latest one if absent.
    head : str, optional
        The journal's head, where it was verified just now.
    context : CallContext, optional
        Shared with the call; loaded if absent.

    Raises
    ------
    RegimeError
        The file cannot be written, or no call can be made.
    """
    context = context or load_context()
    call = call or make_call(asof, context)
    at = pd.Timestamp(call.asof)
    data = charts.chart_data(context.snapshot.as_of(at))
    predictions, ranges = _predictions(context.shown, at), _ranges(context.range_model, at)
    calls = drift_history.stored(call.model.name, at)
    widths = None if ranges is None else ranges[1]
    said = None if call.direction is None else history.said_before(context.dataset_until(at), call, predictions, widths)
    write_file(path, render(call, data, predictions, head or journal.verify()[1], ranges, calls, said))
    return path
