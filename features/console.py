"""What the commands share: one line for an error, progress on standard error, JSON on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperCommand, TyperGroup

from features.data import error_log
from features.data.errors import RegimeError
from features.folding import fold

if TYPE_CHECKING:
    from rich.table import Column, Table

WIDE = 400  # columns, more than any table has
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
Handler = TypeVar("Handler", bound=Callable[..., Any])
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Command(TyperCommand):
    """A command whose help shows a flag without a value, since it takes none."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, `--help` among them."""
        return _flags_without_value(super().get_params(ctx))


class Group(TyperGroup):
    """The same of a group of commands."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters, `--help` among them."""
        return _flags_without_value(super().get_params(ctx))


def _flags_without_value(params: Any) -> Any:
    for one in params:
        if getattr(one, "is_flag", False):
            one.metavar = ""  # Typer would write <bool>
    return params


class App(typer.Typer):
    """A set of commands, each a `Command`; itself a `Group` unless told otherwise."""

    def __init__(self, *, cls: type[TyperGroup] = Group, **options: Any) -> None:
        super().__init__(cls=cls, pretty_exceptions_enable=False, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Handler], Handler]:
        """Register a function as a command."""
        return super().command(name, cls=Command, **options)


def run_app(app: typer.Typer, name: str | None = None) -> None:
    """Run a command; an expected error becomes one line and its exit status.

    A wrong option or argument is bad input and exits with 1; 2 is left to refusals. Any other error becomes one
    line too, and its details go to the log file. `name` is what the command calls itself, the name it was started by
    if absent.
    """
    try:
        status = app(prog_name=name, standalone_mode=False, help_option_names=["-h", "--help"])
    except RegimeError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        # A command without arguments has shown its help by then; its message is empty.
        context = getattr(error, "ctx", None)
        said = " ".join(error.format_message().split())
        hint = f" (see `{context.command_path} --help`)" if context else ""
        _fail(f"{said}{hint}" if said else "", 1)
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped", 1)
    except BrokenPipeError:
        _close_output()  # the reader, such as `head`, has seen enough
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last handler: whatever happened, a person gets one line
        _fail(_unexpected(error), 1)
    sys.exit(status if isinstance(status, int) else 0)


def _unexpected(error: Exception) -> str:
    """One line about an error that nobody foresaw; its traceback goes to the log file."""
    said = " ".join(str(error).split())[:200]
    log = error_log.record(error)
    where = f"details are in {log}" if log else "and the log file cannot be written"
    return f"unexpected {type(error).__name__}{f' ({said})' if said else ''}: {where}"


def _close_output() -> None:
    """Let the interpreter flush into nothing when it ends, without a second complaint."""
    try:
        sys.stdout.close()
    except BrokenPipeError:
        return


def _fail(message: str, status: int) -> None:
    if message:
        err.print(f"error: {' '.join(message.split())}", style="red", markup=False, soft_wrap=True)
    sys.exit(status)


def offered(values: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """What a shell offers when it completes a word: those of `values()` that begin like it, asked for only then."""

    def complete(incomplete: str) -> list[str]:
        return [one for one in values() if one.startswith(incomplete)]

    return complete


def series_keys() -> list[str]:
    """The key of every series of the catalogue, for `offered`."""
    from features.data.catalog import BY_KEY  # pandas, which no help needs

    return list(BY_KEY)


def print_json(value: Any) -> None:
    """JSON, and nothing else, on standard output."""
    typer.echo(json.dumps(value, indent=1, default=str))


def print_note(line: str) -> None:
    """One line on standard error, so that standard output holds the result only."""
    err.print(line, markup=False, soft_wrap=True)


def print_table(view: Table, keys: int = 1, together: int = 1) -> None:
    """Print a table within the console's width, no word or figure cut.

    A table that is too wide is parted: under the columns that fit stand the others, each part beginning with the first
    `keys` columns; `together` of the others are not parted. Where not even those fit, each row becomes a block, a line
    a column.
    """
    if view.title:
        fold(out, str(view.title), style="italic")
    parts = _parts(view, keys, together)
    for place, part in enumerate(parts):
        if place:
            out.print()
        out.print(part)
    if not parts:
        _print_blocks(view)
    if view.caption:
        fold(out, str(view.caption), style="dim italic")


def _parts(view: Table, keys: int, together: int) -> list[Table]:
    """Tables that fit the console and hold every column between them; none where some column does not fit."""
    lead, left = view.columns[:keys], view.columns[keys:]
    parts: list[Table] = []
    while left or not parts:
        count = len(left)
        while not _fits(part := _with_columns(view, [*lead, *left[:count]])):
            count -= together
            if count < 1:
                return []
        parts.append(part)
        left = left[count:]
    return parts


def _fits(view: Table) -> bool:
    """Whether a table fits the console with nothing wrapped."""
    return view.__rich_measure__(out, out.options.update(width=WIDE)).maximum <= out.width


def _with_columns(view: Table, columns: list[Column]) -> Table:
    """A table of these columns of another."""
    from rich.table import Table

    found = Table(box=view.box, pad_edge=view.pad_edge, padding=view.padding)
    for one in columns:
        found.add_column(one.header, justify=one.justify, no_wrap=True)
    for row, *cells in zip(view.rows, *(one.cells for one in columns), strict=True):
        found.add_row(*cells, style=row.style)
    return found


def _print_blocks(view: Table) -> None:
    """Each row under its first cell, a line a column; empty cells are left out."""
    heads, rows = [str(one.header) for one in view.columns], zip(*(one.cells for one in view.columns), strict=True)
    for row in rows:
        fold(out, f"{heads[0]}: {row[0]}" if heads[0] else str(row[0]), rest="    ", style="bold")
        for head, cell in list(zip(heads, row, strict=True))[1:]:
            if str(cell):
                fold(out, f"{head}: {cell}" if head else str(cell), "  ", "    ")


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
