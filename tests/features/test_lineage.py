"""What a feature inherits from the series it is made of."""

import pandas as pd

from features import lineage
from features.families import FEATURES


def test_what_is_revised_says_so():
    by_name = {item.name: item for item in FEATURES}
    for name in ("cpi_12m", "payrolls_3m", "claims_off_low", "money_funds_4q", "shiller_pe", "forward_pe"):
        assert lineage.revised(by_name[name]), name
    for name in ("nfci", "consumer_sentiment", "y10", "broad_return_21", "loan_officers"):
        assert not lineage.revised(by_name[name]), name
    assert lineage.published_since(by_name["broad_return_21"]) == pd.Timestamp("1997-01-01")
    assert lineage.published_since(by_name["y10"]) is None
    assert lineage.published_since(by_name["real_y10"]) == pd.Timestamp("2004-01-02")
    assert lineage.published_since(by_name["stocks_above_200"]) == pd.Timestamp("2009-07-15")
    assert lineage.posted(by_name["y10"]) == "16:15"
    assert lineage.posted(by_name["broad_return_21"]) is None
