"""What the three commands share: one line for an error, progress on standard error, JSON on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from features.data.errors import RegimeError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def run_app(app: typer.Typer) -> None:
    """Run a command; an expected error becomes one line and its exit status."""
    try:
        app()
    except RegimeError as error:
        err.print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)


def print_json(value: Any) -> None:
    """JSON, and nothing else, on standard output."""
    typer.echo(json.dumps(value, indent=1, default=str))


def print_note(line: str) -> None:
    """One line on standard error, so that standard output holds the result only."""
    err.print(line, markup=False, soft_wrap=True)


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[..., None]]:
    """A bar on standard error (silent when piped); call it after each step, or with (done, total)."""
    counts = (MofNCompleteColumn(), TimeRemainingColumn()) if total is not None else ()
    columns = (TextColumn("{task.description}"), BarColumn(), *counts)
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(title, total=total)

        def step(done: int | None = None, of: int | None = None) -> None:
            if done is None:
                bar.advance(task)
            else:
                bar.update(task, completed=done, total=of)

        yield step
