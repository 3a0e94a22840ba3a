"""A home with two scored snapshots, and its API asked over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl
import pytest
import requests
import uvicorn

from churn_assets.api.app import Api
from churn_assets.api.tokens import SCOPES, add_token
from churn_assets.contracts.decision_ledger import DecisionLedger
from churn_assets.contracts.scored_users import ScoredUsers
from churn_assets.contracts.user_reasons import UserReasons
from churn_assets.stages import Stage
from churn_assets.ui.hosts import allowed_hosts
from churn_assets.ui.listener import listen

if TYPE_CHECKING:
    from churn_assets.workplace import Workplace

BEFORE, DAY, NOW = date(2026, 11, 9), date(2026, 11, 16), datetime(2026, 11, 17, 9)
# Ids as shops have them; the last one but one objected before the snapshot.
USERS = ("u1", "u2", "a/b", "a b", "用户 7", "x%2Fy", "a?b=c#d", "o1", "5501")
OBJECTOR = "o1"
SECRET = "whsec_" + "a2V5" * 11
KINDS = (("explanatory", 1, "engagement"), ("actionable", 2, "price"), ("actionable", 1, "service"))
ALL = "all"
CONSENTS = "user_id,channel,purpose,is_granted,changed_at,ingested_at\n"


def scores(day: date, users: Sequence[str] = USERS, objectors: Sequence[str] = (OBJECTOR,)) -> pl.DataFrame:
    """Contract ScoredUsers: probabilities that no short decimal fraction is equal to."""
    n = len(users)
    probability = [1 / (3 + number) for number in range(n)]
    frame = pl.DataFrame(
        {
            "user_id": list(users),
            "snapshot_date": [day] * n,
            "status": ["objected" if user in objectors else "eligible" for user in users],
            "churn_probability": probability,
            "usual_probability": [value / 7 for value in probability],
            "risk_rank": list(range(1, n + 1)),
            "risk_tier": ["small"] * n,
            "expected_spend_amount": [100 / 3] * n,
            "expected_spend_low_amount": [10 / 3] * n,
            "expected_spend_high_amount": [1000 / 3] * n,
            "value_at_risk_amount": [100 / 3 * value for value in probability],
            "reason_1": ["engagement"] * n,
            "reason_2": [None] * n,
            "reason_3": [None] * n,
            "model_version": ["0123456789ab"] * n,
            "features_version": ["f1"] * n,
            "scored_at": [datetime(day.year, day.month, day.day)] * n,
        },
        schema_overrides={"reason_2": pl.String, "reason_3": pl.String, "risk_rank": pl.Int64},
    )
    is_eligible, risks = pl.col("status") == "eligible", frame.columns[3:14]
    known = frame.with_columns(pl.when(is_eligible).then(pl.col(name)).alias(name) for name in risks)
    return known.with_columns(risk_rank=pl.col("churn_probability").rank("ordinal", descending=True).cast(pl.Int64))


def reasons(day: date, users: Sequence[str] = USERS) -> pl.DataFrame:
    rows = [
        {
            "user_id": user, "snapshot_date": day, "kind": kind, "reason_rank": rank, "reason_group": group,
            "feature": "days", "feature_value": None if rank == 2 else 1 / 3, "contribution": 1 / (3 * rank),
            "text_en": f"{group} of {user}", "text_zh": "原因",
        }
        for user in reversed(users) if user != OBJECTOR
        for kind, rank, group in KINDS
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"reason_rank": pl.Int64})


def decisions(day: date, users: Sequence[str] = USERS) -> pl.DataFrame:
    n = len(users)
    return pl.DataFrame(
        {
            "decision_id": [f"{day.toordinal() * 1000 + number:032x}" for number in range(n)], "user_id": list(users),
            "snapshot_date": [day] * n, "policy_version": ["value-1a2b3c4d"] * n, "arm": ["coupon"] * n,
            "propensity": [0.9] * n, "is_holdout": [False] * n, "is_exploration": [False] * n,
            "binding_constraint": pl.Series([None] * n, dtype=pl.String), "expected_gain_amount": [10 / 3] * n,
            "expected_cost_amount": [1.1] * n, "decided_at": [datetime(day.year, day.month, day.day)] * n,
            "intended_arm": ["coupon"] * n, "channel": ["email"] * n, "reason": ["engagement"] * n,
            "value_at_risk_amount": [100 / 3] * n, "churn_probability": [1 / 3] * n, "level": ["10"] * n,
            "intended_level": ["10"] * n,
        }
    )  # fmt: skip


def publish(workplace: Workplace, day: date, users: Sequence[str] = USERS) -> None:
    for stage, table, contract, frame in (
        (Stage.SCORING, "scored_users", ScoredUsers, scores(day, users)),
        (Stage.SCORING, "user_reasons", UserReasons, reasons(day, users)),
        (Stage.INTERVENTIONS, "decision_ledger", DecisionLedger, decisions(day, [u for u in users if u != OBJECTOR])),
    ):
        workplace.tables.publish(stage, table, day, contract.validate(frame))


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Asked:
    """The API on a port of its own, and tokens by scope; `all` has every scope."""

    workplace: Workplace
    api: Api
    clock: Clock
    address: str
    tokens: dict[str, str]

    def get(self, path: str, token: str | None = ALL, **headers: str) -> requests.Response:
        own = {"Authorization": f"Bearer {self.tokens.get(token, token)}"} if token else {}
        return requests.get(self.address + path, headers=own | headers, timeout=30)

    def user(self, user: str, **headers: str) -> requests.Response:
        return self.get(f"/v1/users/{quote(user, safe='')}", **headers)

    def land_consents(self, *rows: str) -> None:
        folder = self.workplace.home.root / "landing" / "consents"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "consents.csv").write_text(CONSENTS + "".join(f"{row}\n" for row in rows))


@pytest.fixture
def home_with_scores(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.setenv("CHURN__CONSOLE__RECEIPTS_SECRET", SECRET)
    orders = workplace.home.root / "landing" / "orders"
    orders.mkdir(parents=True)
    (orders / "orders.csv").write_text("order_id,user_id,ordered_at,amount\n1,u1,2026-11-01T10:00:00,20\n")
    for day in (BEFORE, DAY):
        publish(workplace, day)
    return workplace


@pytest.fixture
def make_api(home_with_scores: Workplace) -> Iterator[Callable[[], Asked]]:
    stops = []

    def make() -> Asked:
        clock = Clock()
        api = Api(home_with_scores, clock)
        listener = listen(0)
        port = listener.getsockname()[1]
        config = uvicorn.Config(api.application(allowed_hosts(port)), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        stops.append((server, thread, listener))
        tokens = {
            name: add_token(home_with_scores.record, name.replace(":", "."), held, 30, "root", NOW)
            for name, held in {"all": SCOPES, **{scope: [scope] for scope in SCOPES}}.items()
        }
        return Asked(home_with_scores, api, clock, f"http://127.0.0.1:{port}", tokens)

    yield make
    for server, thread, listener in stops:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@pytest.fixture
def api(make_api: Callable[[], Asked]) -> Asked:
    return make_api()
