"""Money in currencies of large numbers, up to the largest that the raw contract holds: the SQL of the features."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from churn_assets.duck import duck
from churn_assets.landing.inspect import inspect
from churn_assets.landing.raw_views import show_raw
from churn_assets.settings import Landing, Settings
from churn_assets.warehouse.plan import Dates, plan_for, statements

DAY, NOW = date(2026, 1, 5), datetime(2026, 2, 1)
LARGEST = 99_999_999_999_999.0  # decimal(18, 4)


def features_of(folder: Path, amount: float, quantity: int) -> dict[str, float | None]:
    """Those of a user who ordered for the amount, then for a third of it, of one product."""
    for table, text in {
        "orders": f"order_id,user_id,ordered_at,amount\n1,a,2025-10-01,{amount:.0f}\n2,a,2025-12-20,{amount / 3:.4f}\n",
        "order_items": "order_id,product_id,category,quantity,unit_price,list_price\n"
        f"1,p,x,{quantity},{amount:.0f},{amount:.0f}\n2,p,x,{quantity},{amount / 2:.0f},{amount:.0f}\n",
    }.items():
        (folder / table).mkdir()
        (folder / table / "1.csv").write_text(text, encoding="utf-8")
    plan = plan_for(Settings())
    with duck() as connection:
        show_raw(connection, inspect(str(folder), None, Landing(), now=NOW))
        for statement in statements(plan.models, Dates(date(2025, 9, 1), (DAY,))):
            connection.execute(statement)
        return connection.sql("from features.user_features").pl().row(0, named=True)


@pytest.mark.parametrize(("amount", "quantity"), [(99.0, 2), (350_000.0, 1), (1e9, 1_000), (LARGEST, 1)])
def test_features_of_money_hold_whatever_the_currency(tmp_path: Path, amount: float, quantity: int) -> None:
    """An order of 100,000 (5 euros in rupiah) ended the run: "Overflow in multiplication of DECIMAL(18)"."""
    row = features_of(tmp_path, amount, quantity)
    assert row["spent_amount"] == pytest.approx(amount * 4 / 3, abs=0.001)
    assert row["order_spread_amount"] == pytest.approx(amount / 3, rel=1e-6)
    assert row["basket_price_index"] == pytest.approx(0.5, rel=0.02)
    assert row["below_list_price_share"] == pytest.approx(0.25, rel=0.02)
