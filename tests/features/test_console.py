"""No error whatever reaches a person as a traceback."""

import io

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from features import console
from features.data.errors import RefusedError, RegimeError


def run(capsys, error):
    app = typer.Typer()

    @app.command()
    def command():
        raise error

    with pytest.raises(SystemExit) as ended:
        console.run_app(app, "test")
    return ended.value.code, capsys.readouterr().err


@pytest.fixture(autouse=True)
def no_arguments(monkeypatch):
    monkeypatch.setattr("sys.argv", ["test"])


def test_expected_errors_keep_their_status(capsys):
    assert run(capsys, RegimeError("bad")) == (1, "error: bad\n")
    assert run(capsys, RefusedError("stale")) == (2, "error: stale\n")


@pytest.mark.parametrize(
    "error", [ValueError("two\nlines"), ZeroDivisionError(), RecursionError("deep"), MemoryError()]
)
def test_an_unexpected_error_is_one_line_with_details_in_the_log(capsys, home, error):
    status, said = run(capsys, error)
    assert status == 1
    assert said.count("\n") == 1
    assert type(error).__name__ in said
    assert "Traceback" not in said
    log = (home / "logs" / "errors.log").read_text()
    assert str(home / "logs" / "errors.log") in said
    assert "Traceback (most recent call last)" in log
    assert log.count(type(error).__name__) >= 1


def test_an_unexpected_error_without_a_home(capsys, home):
    home.write_text("a file")
    status, said = run(capsys, ValueError("x"))
    assert (status, said.count("\n")) == (1, 1)
    assert "the log file cannot be written" in said


def test_an_interrupt_has_the_status_of_one(capsys):
    assert run(capsys, KeyboardInterrupt()) == (130, "")


def test_the_log_is_bounded(capsys, home, monkeypatch):
    from features.data import error_log

    monkeypatch.setattr(error_log, "LIMIT", 100)
    for _ in range(4):
        run(capsys, ValueError("x"))
    assert sorted(path.name for path in (home / "logs").iterdir()) == ["errors.log", "errors.log.1"]


WORDS = st.text("abcdefgh+.09", min_size=1, max_size=9)


def printed(width, view, **options):
    """The lines that `print_table` prints on a console so wide."""
    to, kept = Console(width=width, file=io.StringIO(), highlight=False), console.out
    console.out = to
    try:
        console.print_table(view, **options)
    finally:
        console.out = kept
    return to.file.getvalue().splitlines()


def made(heads, rows, **options):
    view = Table(box=None, pad_edge=False, **options)
    for head in heads:
        view.add_column(head, no_wrap=True)
    for row in rows:
        view.add_row(*row)
    return view


@given(st.integers(24, 120), st.integers(1, 8), st.integers(1, 4), st.data())
def test_a_table_of_any_size_keeps_within_the_width_and_cuts_no_word(width, count, height, data):
    heads = data.draw(st.lists(WORDS, min_size=count, max_size=count))
    rows = data.draw(st.lists(st.lists(WORDS, min_size=count, max_size=count), min_size=height, max_size=height))
    lines = printed(width, made(heads, rows))
    assert max(map(len, lines)) <= width
    found = [word.removesuffix(":") for line in lines for word in line.split()]
    for word in [*heads, *(cell for row in rows for cell in row)]:
        assert word in found


def test_a_table_is_parted_where_it_does_not_fit_and_only_there():
    heads, rows = ["model", "skill", "p", "months"], [["markov", "+0.02", "0.01", "272"], ["vix", "+0.03", "0.2", "9"]]
    wide = ["model   skill  p     months", "markov  +0.02  0.01  272   ", "vix     +0.03  0.2   9     "]
    assert printed(27, made(heads, rows)) == wide
    assert [line.split() for line in printed(26, made(heads, rows))] == [
        ["model", "skill", "p"],
        ["markov", "+0.02", "0.01"],
        ["vix", "+0.03", "0.2"],
        [],
        ["model", "months"],
        ["markov", "272"],
        ["vix", "9"],
    ]


def test_columns_that_belong_together_are_not_parted():
    heads = ["model", *("skill 5", "p", "skill 21", "p", "skill 63", "p")]
    view = made(heads, [["markov", *(["+0.0100", "0.010"] * 3)]])
    lines = [line.split() for line in printed(45, view, together=2)]
    assert [line for line in lines if "model" in line] == [
        ["model", "skill", "5", "p", "skill", "21", "p"],
        ["model", "skill", "63", "p"],
    ]


def test_each_part_begins_with_the_columns_that_name_a_row():
    view = made(["run", "id", "skill", "months"], [["default", "3f2a", "+0.01", "272"]])
    parts = [line for line in printed(22, view, keys=2) if line]
    assert [line.split()[:2] for line in parts] == [["run", "id"], ["default", "3f2a"]] * 2


def test_a_row_that_no_part_can_hold_is_a_block():
    view = made(
        ["what differs", "first", ""], [["families", "breadth, rates", "volatility, spreads"], ["seed", "", "1"]]
    )
    assert printed(24, view) == [
        "what differs: families",
        "  first: breadth, rates",
        "  volatility, spreads",
        "what differs: seed",
        "  1",
    ]


def test_title_and_caption_fold_too():
    lines = printed(20, made(["a"], [["1"]], title="test weeks 1990 to 2023", caption="*: corrected by a later line"))
    assert lines == ["test weeks 1990 to", "2023", "a", "1", "*: corrected by a", "later line"]
