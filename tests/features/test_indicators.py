"""The page of indicators is what the catalogue says."""

from pathlib import Path

from features import feature, indicators, panel
from features.dataset import FIRST_YEAR
from features.families import FEATURES, SIGNALS
from tests.support.data import needs_shared

PAGE = Path(__file__).parents[2] / "docs" / "indicators.md"


@needs_shared
def test_the_page_is_fresh(shared_snapshot):
    daily = feature.compute(FEATURES, panel.build_inputs(shared_snapshot), FIRST_YEAR)
    assert PAGE.read_text() == indicators.page(daily), "run `regime data indicators > docs/indicators.md`"


def test_every_feature_and_signal_is_on_the_page():
    text = PAGE.read_text()
    for item in FEATURES:
        assert f"| `{item.name}` | {item.meaning} |" in text
    for signal in SIGNALS:
        assert f"## {signal[0].upper()}{signal[1:]}\n" in text
    assert text.count("\n| `") == len(FEATURES) + 1
