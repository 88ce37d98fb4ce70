"""No error whatever reaches a person as a traceback."""

import pytest
import typer

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
