"""Lines folded between words, for whatever is printed on a console."""

from __future__ import annotations

import re
import textwrap

from rich.console import Console


def fold(to: Console, line: str, first: str = "", rest: str = "", style: str | None = None) -> None:
    """Print a line folded between words at the console's width, begun by `first` and gone on with by `rest`."""
    kept = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", line)  # a number and its unit stay together
    folded = textwrap.fill(
        kept, to.width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    to.print(folded.replace("\N{NO-BREAK SPACE}", " "), style=style, markup=False, soft_wrap=True)
