"""What is said of the features as user_features.yml describes them: no sentence is worded as a cause."""

from __future__ import annotations

import re

import polars as pl
import pytest

from churn_assets.contracts.feature import REASON_GROUPS, Feature
from churn_assets.contracts.user_reasons import KINDS
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.model.wording import UNITS, with_sentences
from churn_assets.warehouse.features import KEYS, describe
from churn_assets.warehouse.project import manifest

COLUMNS = manifest()["nodes"]["model.churn_assets.user_features"]["columns"]
FEATURES = [*describe([name for name in COLUMNS if name not in KEYS]), EXPECTED_PURCHASES]
CAUSES = re.compile(
    r"because|caus|leads? to|led to|due to|owing|result|therefore|why|makes?\b|drives?\b|"
    r"因为|因此|由于|导致|造成|引起|所以|致使|使得|原因是",
    re.IGNORECASE,
)
VALUES = (None, -0.5, 0.0, 1.0, 7.25, 1234.5)


def sentences(feature: Feature) -> pl.DataFrame:
    rows = pl.DataFrame({"feature": [feature.name] * len(VALUES), "feature_value": VALUES})
    return with_sentences(rows, [feature], {feature.name: 3.0})


@pytest.mark.parametrize("words", ["Left because of 3", "It leads to 3", "Due to 3", "因为延迟", "导致流失"])
def test_a_sentence_worded_as_a_cause_would_be_found(words: str) -> None:
    assert CAUSES.search(words)


@pytest.mark.parametrize("group", REASON_GROUPS)
def test_nothing_said_of_a_group_is_worded_as_a_cause(group: str) -> None:
    members = [feature for feature in FEATURES if feature.reason_group == group]
    assert members
    told = pl.concat(sentences(feature) for feature in members)
    said = [*told["text_en"], *told["text_zh"], group, *KINDS]
    assert [text for text in said if CAUSES.search(text)] == []


def test_every_feature_reads_in_both_languages() -> None:
    for feature in FEATURES:
        told = sentences(feature)
        assert told["text_en"].str.contains(r"^[^a-z].*: .+ \(typical: .+\)$").all(), feature.name
        assert told["text_zh"].str.contains(r"^\S+：.+（典型值：.+）$").all(), feature.name
        assert not told["text_zh"].str.contains("typical|unknown|days|minutes").any(), feature.name


def test_every_unit_with_words_is_one_that_features_have() -> None:
    assert set(UNITS) <= {feature.unit for feature in FEATURES}
