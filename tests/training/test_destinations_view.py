"""The tables of a destinations experiment, as a terminal shows them."""

from rich.console import Console

from training import destinations_view

RESULT = {
    "span": ("1990-01-05", "2023-12-29"),
    "source": "folder",
    "champions": {"beats_21": None},
    "models": {
        "rates": {
            "log_loss_skill_beats_21_funds": 0.0123,
            "log_loss_skill_p_beats_21_funds": 0.041,
            "ic_beats_21_library_1990_on": 0.031,
            "ic_t_beats_21_library_1990_on": -1.24,
            "best_less_worst_beats_21_funds_faltering": 0.0251,
        },
        "volatility": {"log_loss_skill_moves_21_funds": 0.2},
    },
}


def test_every_figure_stands_in_the_row_of_its_model_and_span():
    (view,) = destinations_view.tables("destinations", RESULT)
    console = Console(width=110, record=True)
    console.print(view)
    rows = [line.split() for line in console.export_text().splitlines()[1:]]
    assert rows[0] == ["model", "on", "IC", "t", "skill", "p", "best", "less", "worst", "its", "t"]
    assert rows[1] == ["rates", "library", "1990", "on", "+0.031", "-1.2"]
    assert rows[2] == ["rates", "funds", "+0.0123", "0.041"]
    assert rows[3] == ["rates", "funds,", "leaders", "faltering", "+2.5", "%"]
    assert len(rows) == 4  # the other model has no figure of this outcome
