"""What the tables tell: consents, campaigns, complaints, words. A shop without noise."""

from __future__ import annotations

import polars as pl

from churn_assets.shop.campaigns import ARM_SHARES


def test_addresses_cannot_exist(clean: dict[str, pl.DataFrame]) -> None:
    assert clean["users"]["email"].str.ends_with("@example.com").all()
    assert clean["users"]["phone"].str.starts_with("+000").all()


def test_some_users_tell_neither_age_nor_gender(clean: dict[str, pl.DataFrame]) -> None:
    silent = clean["users"].select((pl.col("birth_year").is_null() | pl.col("gender").is_null()).mean()).item()
    assert 0.25 < silent < 0.35


def test_one_in_a_hundred_objects_on_all_channels(clean: dict[str, pl.DataFrame]) -> None:
    objections = clean["consents"].filter(pl.col("channel") == "all")
    assert not objections["is_granted"].any()
    assert 0.004 < objections["user_id"].n_unique() / clean["users"].height < 0.016
    assert set(clean["consents"]["purpose"]) == {"direct_marketing"}


def test_campaigns_go_to_consenting_users_at_random(clean: dict[str, pl.DataFrame]) -> None:
    sent = clean["contacts"].filter(pl.col("is_randomised")).unique("contact_id")
    shares = dict(sent.group_by("arm").agg(pl.len() / sent.height).iter_rows())
    for arm, share in ARM_SHARES.items():
        assert abs(shares[arm] - share) < 4 * (share * (1 - share) / sent.height) ** 0.5, arm
        assert sent.filter(pl.col("arm") == arm)["propensity"].unique().to_list() == [share]


def test_nobody_is_mailed_without_consent(clean: dict[str, pl.DataFrame]) -> None:
    answers = clean["consents"].filter(pl.col("channel").is_in(["email", "all"])).sort("changed_at")
    sent = clean["contacts"].unique("contact_id").sort("sent_at")
    newest = sent.join_asof(
        answers.select("user_id", "changed_at", "is_granted"),
        left_on="sent_at",
        right_on="changed_at",
        by="user_id",
        check_sortedness=False,
    )
    is_fresh = pl.col("sent_at") - pl.col("changed_at") < pl.duration(hours=1)  # receivers are chosen at 00:00
    assert newest["is_granted"].null_count() == 0
    assert newest.filter(~pl.col("is_granted") & ~is_fresh).height == 0


def test_control_users_got_nothing(clean: dict[str, pl.DataFrame]) -> None:
    control = clean["contacts"].filter(pl.col("arm") == "control")
    assert control.height > 0
    assert set(control["channel"]) == {"none"}
    assert control.select(pl.all_horizontal(pl.col("opened_at", "clicked_at").is_null().all())).item()
    assert control["cost_amount"].sum() == 0


def test_newsletters_are_not_randomised_and_go_to_those_who_buy(clean: dict[str, pl.DataFrame]) -> None:
    letters = clean["contacts"].filter(~pl.col("is_randomised")).unique("contact_id")
    assert letters["propensity"].null_count() == letters.height
    buyers = clean["orders"].group_by("user_id").agg(orders=pl.col("order_id").n_unique())
    orders = clean["users"].join(buyers, on="user_id", how="left").with_columns(pl.col("orders").fill_null(0))
    got = orders.join(letters, on="user_id", how="semi")["orders"].mean()
    missed = orders.join(letters, on="user_id", how="anti")["orders"].mean()
    assert isinstance(got, float)
    assert isinstance(missed, float)
    assert got > missed + 1


def test_some_tickets_are_never_answered(clean: dict[str, pl.DataFrame]) -> None:
    tickets = clean["support_tickets"].sort("ingested_at").unique("ticket_id", keep="last")
    old = tickets.filter(pl.col("opened_at") < tickets["opened_at"].max() - pl.duration(days=28))
    unanswered = old["first_replied_at"].null_count() / old.height
    assert 0.05 < unanswered < 0.17


def test_late_parcels_get_worse_ratings(clean: dict[str, pl.DataFrame]) -> None:
    orders = clean["orders"].filter(pl.col("status") == "delivered")
    rated = clean["reviews"].join(orders, on="order_id")
    late = rated["delivered_at"] > rated["promised_at"] + pl.duration(days=1)
    in_time, too_late = rated.filter(~late)["rating"].mean(), rated.filter(late)["rating"].mean()
    assert isinstance(in_time, float)
    assert isinstance(too_late, float)
    assert in_time > too_late + 0.5


def test_reviews_are_in_their_language(clean: dict[str, pl.DataFrame]) -> None:
    has_chinese = clean["reviews"]["text"].str.contains(r"\p{Han}")
    assert (has_chinese == (clean["reviews"]["language"] == "zh")).all()
    assert 0.5 < has_chinese.mean() < 0.9  # type: ignore[operator]


def test_some_users_search_the_same_thing_again(clean: dict[str, pl.DataFrame]) -> None:
    searches = clean["events"].filter(pl.col("event_type") == "search")
    assert searches["search_query"].null_count() == 0
    often = searches.group_by("user_id").agg(
        pl.len(), most=pl.col("search_query").value_counts(sort=True).first().struct.field("count")
    )
    often = often.filter(pl.col("len") >= 5)
    assert often.filter(pl.col("most") > 0.6 * pl.col("len")).height > 0.1 * often.height


def test_a_coupon_is_used_once_while_valid(clean: dict[str, pl.DataFrame]) -> None:
    used = clean["coupons"].filter(pl.col("redeemed_at").is_not_null())
    assert used["coupon_id"].is_unique().all()
    assert used.filter(~pl.col("redeemed_at").is_between("issued_at", "expires_at")).height == 0
    discounted = clean["orders"].filter(pl.col("coupon_id").is_not_null()).unique("order_id")
    assert discounted.filter(pl.col("discount_amount") <= 0).height == 0
