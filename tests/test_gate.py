from training.gate import choose


def row(loss, skill, p):
    return {"log_loss": loss, "log_loss_skill": skill, "log_loss_skill_p": p}


CLIM = row(1.00, 0.0, 1.0)


def test_a_candidate_ahead_of_all_wins():
    name, reason = choose(
        {"lightgbm": row(0.95, 0.05, 0.01), "markov": row(0.97, 0.03, 0.01), "climatology": CLIM}, "lightgbm"
    )
    assert name == "lightgbm"
    assert "lower loss than every baseline" in reason


def test_a_better_baseline_wins():
    name, reason = choose(
        {"lightgbm": row(0.98, 0.02, 0.01), "markov": row(0.97, 0.03, 0.01), "climatology": CLIM}, "lightgbm"
    )
    assert name == "markov"
    assert "no lower loss than markov" in reason


def test_chance_is_no_evidence():
    name, reason = choose(
        {"lightgbm": row(0.99, 0.01, 0.2), "markov": row(0.995, 0.005, 0.3), "climatology": CLIM}, "lightgbm"
    )
    assert name is None
    assert "no evidence" in reason
