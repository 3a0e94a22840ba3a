"""Everything that a report can meet has a name for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.decision_ledger import BINDING_CONSTRAINTS
from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.contracts.feature import NOTHING_SHOWN, REASON_GROUPS
from churn_assets.contracts.model_comparison import MODELS
from churn_assets.contracts.model_promotions import DECISIONS
from churn_assets.contracts.raw import raw_contract
from churn_assets.contracts.scored_users import RISK_TIERS, STATUSES
from churn_assets.decisions.policies import POLICIES
from churn_assets.monitoring.reasons import TENURES, UNKNOWN
from churn_assets.report import names
from churn_assets.report.language import Words
from churn_assets.report.names import named

KEYS: Mapping[str, tuple[names.Names, Collection[str]]] = {
    "reasons": (names.REASONS, (*REASON_GROUPS, NOTHING_SHOWN)),
    "tiers": (names.TIERS, RISK_TIERS),
    "why left alone": (names.LEFT_ALONE, BINDING_CONSTRAINTS),
    "channels": (names.CHANNELS, SENDING_CHANNELS),
    "statuses": (names.STATUSES, STATUSES),
    "policies": (names.POLICIES, POLICIES),
    "models": (names.MODELS, MODELS),
    "definitions": (names.DEFINITIONS, DEFINITIONS),
    "model decisions": (names.MODEL_DECISIONS, DECISIONS),
    "tenures": (names.TENURES, (*TENURES, UNKNOWN)),
    "raw tables": (names.TABLES, [table.name for table in raw_contract()]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_key_has_a_name_and_no_name_is_of_nothing(kind: str) -> None:
    named, keys = KEYS[kind]
    assert sorted(named) == sorted(keys)


def test_what_has_no_name_is_shown_without_underscores() -> None:
    assert named(Words("en"), names.SEGMENTS, "own_segment") == "own segment"
    assert named(Words("zh"), names.CHANNELS, None) == ""


def test_what_a_contract_names_itself_is_named_in_both_languages() -> None:
    for kind in (names.CHANNELS, names.TABLES, names.DEFINITIONS):
        for key in kind:
            english, chinese = named(Words("en"), kind, key), named(Words("zh"), kind, key)
            assert english.isascii(), key
            assert not chinese.isascii(), key
