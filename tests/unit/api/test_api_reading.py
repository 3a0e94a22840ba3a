"""What is read over the API: values to the bit, tokens and scopes, users who are not shown, pages, the audit."""

from __future__ import annotations

import json
import re
import struct
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from churn_assets.api.app import is_ours
from churn_assets.api.tokens import SCOPES, TokenError, add_token, revoke_token, tokens
from churn_assets.console.audit import newest
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.instance.withheld import withhold
from churn_assets.landing.tombstones import Tombstones
from churn_assets.stages import Stage
from tests.unit.api.conftest import BEFORE, DAY, NOW, OBJECTOR, USERS, decisions, publish, scores

if TYPE_CHECKING:
    from tests.unit.api.conftest import Asked

SHOWN = [user for user in USERS if user != OBJECTOR]
PATHS = {
    "/v1/users/u1": "users:read", f"/v1/snapshots/{DAY}/users": "users:read", "/v1/snapshots": "snapshots:read",
    "/v1/plan": "plan:read", "/v1/effects": "effects:read",
}  # fmt: skip


def bits(value: Any) -> Any:
    return struct.pack("<d", value) if isinstance(value, float) else value


@pytest.mark.parametrize("user", SHOWN)
def test_a_user_is_the_row_of_scored_users_to_the_bit(api: Asked, user: str) -> None:
    answer = api.user(user)
    assert answer.status_code == 200
    content = answer.json()
    row = next(row for row in scores(DAY).iter_rows(named=True) if row["user_id"] == user)
    assert (content["user_id"], content["snapshot_date"]) == (user, str(DAY))
    assert content["score"].pop("scored_at") == "2026-11-16T00:00:00Z"
    assert {name: bits(value) for name, value in content["score"].items()} == {
        name: bits(row[name]) for name in content["score"]
    }
    ranks = [(each["kind"], each["reason_rank"], each["feature_value"]) for each in content["reasons"]]
    assert ranks == [("actionable", 1, 1 / 3), ("actionable", 2, None), ("explanatory", 1, 1 / 3)]
    assert all(each["text_en"].endswith(f" of {user}") for each in content["reasons"])
    ledger = next(row for row in decisions(DAY, SHOWN).iter_rows(named=True) if row["user_id"] == user)
    assert content["decision"]["decision_id"] == ledger["decision_id"]


def test_other_spellings_of_an_id_are_one_user(api: Asked) -> None:
    for spelling in (" 5501", "5501.0", '="5501"', "5.501E+3", "%35501"):
        path = spelling if spelling.startswith("%") else quote(spelling, safe="")
        assert api.get(f"/v1/users/{path}").json()["user_id"] == "5501", spelling
    for wrong in ("U1", "u1/", "../u1", "1.63E+17", "null", "u1%FF", "a%2fb%2f"):
        assert api.get(f"/v1/users/{wrong if '%' in wrong else quote(wrong, safe='')}").status_code == 404, wrong
    assert api.get("/v1/users/a/b").json()["user_id"] == "a/b"


@pytest.mark.parametrize("path", PATHS)
def test_who_has_no_valid_token_gets_one_answer(api: Asked, path: str) -> None:
    add_token(api.workplace.record, "old", ["users:read"], 1, "root", NOW - timedelta(days=2))
    gone = add_token(api.workplace.record, "gone", SCOPES, 30, "root", NOW)
    assert api.get(path, gone).status_code in (200, 404)
    revoke_token(api.workplace.record, "gone", NOW)
    answers = [
        api.get(path, None), api.get(path, "churn_wrong"), api.get(path, gone), api.get(path, None, Cookie="token=x"),
        api.get(path, None, Authorization=f"Basic {api.tokens['all']}"),
        api.get(path, None, Authorization=f"Bearer {api.tokens['all']}, Bearer {api.tokens['all']}"),
        api.get(f"{path}?access_token={api.tokens['all']}", None),
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    api.clock.now = NOW + timedelta(days=31)
    assert api.get(path).status_code == 401, "it has expired"


@pytest.mark.parametrize(("path", "scope"), PATHS.items())
def test_a_token_is_for_its_scopes_and_a_try_is_noted(api: Asked, path: str, scope: str) -> None:
    for other in SCOPES:
        status = api.get(path, other).status_code
        assert status in ((200, 404) if other == scope else (403,)), other
        if other != scope:
            act = newest(api.workplace.record, 1)[0]
            assert (act[1], act[2], act[4]) == (f"token:{other.replace(':', '.')}", "refused", f"needs scope {scope}")


def test_tokens_are_stored_as_hashes_and_named_once(api: Asked) -> None:
    stored = b"".join(file.read_bytes() for file in api.workplace.home.root.glob("record.sqlite*"))
    assert api.tokens["all"].encode() not in stored
    with pytest.raises(TokenError, match="There is a valid token all already"):
        add_token(api.workplace.record, "all", SCOPES, 30, "root", NOW)
    for name, held, days, said in (
        ("Bad Name", SCOPES, 30, "is no name"), ("a", ["users:write"], 30, "no scope users:write"),
        ("a", [], 30, "no scope named"), ("a", SCOPES, 0, "1 to 3650 days"),
    ):  # fmt: skip
        with pytest.raises(TokenError, match=said):
            add_token(api.workplace.record, name, held, days, "root", NOW)
    with pytest.raises(TokenError, match="There is no token b"):
        revoke_token(api.workplace.record, "b", NOW)
    assert [row[0] for row in tokens(api.workplace.record)] == sorted(["all", *(s.replace(":", ".") for s in SCOPES)])


def objection(user: str) -> ConsentRecord:
    return ConsentRecord(user, "all", is_granted=False, changed_at=NOW - timedelta(seconds=1))


def test_who_objects_is_not_shown_from_that_moment_not_even_of_before(api: Asked) -> None:
    etag = api.user("u1").headers["etag"]
    page = api.get(f"/v1/snapshots/{DAY}/users")
    assert "u1" in page.text
    add_consents(api.workplace.record, [objection("u1")], "objection", NOW - timedelta(seconds=1))
    nobody = api.user("nobody")
    for answer in (
        api.user("u1"), api.user("u1", **{"If-None-Match": etag}), api.get(f"/v1/users/u1?snapshot={BEFORE}"),
        api.user(OBJECTOR),
    ):  # fmt: skip
        assert (answer.status_code, answer.content) == (404, nobody.content)
        assert set(answer.headers) == set(nobody.headers)
    again = api.get(f"/v1/snapshots/{DAY}/users", **{"If-None-Match": page.headers["etag"]})
    assert again.status_code == 200, "a page without them is another page"
    assert [user for user in SHOWN if user != "u1"] == sorted(
        (u["user_id"] for u in again.json()["users"]), key=SHOWN.index
    )
    add_consents(api.workplace.record, [ConsentRecord("u1", "all", is_granted=True, changed_at=NOW)], "landing", NOW)
    api.clock.now = NOW + timedelta(minutes=1)
    assert api.user("u1").status_code == 200, "who agrees again is shown again"


def test_who_is_erased_is_not_shown_and_asking_leaves_no_trace(api: Asked) -> None:
    assert api.user("u2").status_code == 200
    Tombstones(api.workplace.home.root).add(["u2"], "root")
    assert api.user("u2").status_code == 404
    assert "u2" not in [u["user_id"] for u in api.get(f"/v1/snapshots/{DAY}/users").json()["users"]]
    act = next(row for row in newest(api.workplace.record, 5) if row[2] == "person not shown")
    assert "u2" not in "".join(act)


def test_an_objection_that_arrives_in_the_landing_counts_before_any_run(api: Asked) -> None:
    assert api.user("u1").status_code == 200
    api.land_consents("u1,all,direct_marketing,false,2026-11-17T08:00:00,2026-11-17T08:00:00")
    api.api.refresh()
    assert api.user("u1").status_code == 404
    assert api.user("u2").status_code == 200
    (api.workplace.home.root / "landing" / "consents" / "consents.csv").write_text("no,table\n")
    api.api.refresh()
    assert api.user("u1").status_code == 404, "what was read before holds while the file cannot be read"


def test_nobody_is_shown_where_consents_were_never_readable(api: Asked) -> None:
    api.land_consents()
    (api.workplace.home.root / "landing" / "consents" / "consents.csv").write_text("no,table\n")
    answer = api.user("u1")
    assert answer.status_code == 503
    assert str(api.workplace.home.root) not in answer.text
    assert answer.headers["retry-after"] == "60"


def test_what_is_withheld_is_not_served(api: Asked) -> None:
    withhold(api.workplace.record, Stage.SCORING, ["scored_users"], [DAY], "a check failed", NOW)
    assert api.user("u1").json()["snapshot_date"] == str(BEFORE)
    assert api.get(f"/v1/users/u1?snapshot={DAY}").status_code == 404
    assert api.get(f"/v1/snapshots/{DAY}/users").status_code == 404
    assert [row["snapshot_date"] for row in api.get("/v1/snapshots").json()["snapshots"]] == [str(BEFORE)]
    withhold(api.workplace.record, Stage.SCORING, ["scored_users"], [BEFORE], "a check failed", NOW)
    assert api.user("u1").status_code == 404


def test_a_damaged_file_is_not_served(api: Asked) -> None:
    part = api.workplace.record.readable_partitions(Stage.SCORING, "scored_users")[-1]
    file = api.workplace.home.tables / part.path
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert api.user("u1").status_code == 503


def test_an_etag_is_of_the_manifest_and_changes_with_it(api: Asked) -> None:
    first = api.user("u1")
    etag = first.headers["etag"]
    assert api.user("u2").headers["etag"] == etag
    for sent in (etag, f'W/{etag}, "x"', "*"):
        answer = api.user("u1", **{"If-None-Match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert api.user("u1", **{"If-None-Match": '"other"'}).status_code == 200
    publish(api.workplace, DAY, [*USERS, "new"])
    again = api.user("u1", **{"If-None-Match": etag})
    assert again.status_code == 200
    assert again.headers["etag"] != etag
    api.api.refresh()
    assert api.user("new").status_code == 200


def test_each_read_of_a_person_is_in_the_audit_when_it_is_answered(api: Asked) -> None:
    api.user("a/b")
    assert newest(api.workplace.record, 1)[0][1:6] == (
        "token:all",
        "person read",
        "a/b",
        f"snapshot {DAY}",
        "127.0.0.1",
    )
    page = api.get(f"/v1/snapshots/{DAY}/users?limit=3").json()
    account, act, subject, detail = newest(api.workplace.record, 1)[0][1:5]
    assert (account, act, subject) == ("token:all", "persons read", "3 users")
    assert detail == f"snapshot {DAY}, positions after the start to {page['next']}"
    before = newest(api.workplace.record, 1)
    for path in ("/v1/snapshots", "/v1/plan", "/v1/effects", "/v1/openapi.json"):
        api.get(path)
    assert newest(api.workplace.record, 1) == before, "nobody's data"


def test_head_is_get_without_a_body_and_other_methods_are_named(api: Asked) -> None:
    own = {"Authorization": f"Bearer {api.tokens['all']}"}
    head = requests.head(f"{api.address}/v1/users/u1", headers=own, timeout=30)
    get = api.user("u1")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", get.headers["etag"])
    for method, path, allowed in (
        ("POST", "/v1/users/u1", "GET"),
        ("DELETE", "/v1/plan", "GET"),
        ("OPTIONS", "/v1/plan", "GET"),
        ("GET", "/receipts", "POST"),
    ):
        answer = requests.request(method, api.address + path, headers=own, data=b"{}", timeout=30)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Host": ""}, {"Origin": "http://evil.example"}, {"Origin": "null"},
])  # fmt: skip
def test_a_foreign_name_or_page_gets_nothing(api: Asked, headers: dict[str, str]) -> None:
    assert api.get("/v1/users/u1", **headers).status_code in (400, 403)


@pytest.mark.parametrize("query", [
    "limit=0", "limit=501", "limit=x", "cursor=", "cursor=0", "cursor=zzzzzzzzzzzzzzzz", "cursor=0123456789ABCDEF",
    "cursor=0123456789abcdef%0a", "limit=1&limit=2", "limt=1",
])  # fmt: skip
def test_a_cursor_or_limit_that_is_none_is_refused_without_its_value(api: Asked, query: str) -> None:
    answer = api.get(f"/v1/snapshots/{DAY}/users?{query}")
    assert answer.status_code == 422
    assert "zzzz" not in answer.text
    assert re.search(r"query\.(limit|cursor): |^Parameters of this path", answer.json()["detail"])


@pytest.mark.parametrize("day", ["2026-13-01", "2026-02-30", "0000-01-01", "20261116", "now"])
def test_a_day_that_is_none_is_refused(api: Asked, day: str) -> None:
    assert api.get(f"/v1/users/u1?snapshot={day}").status_code == 422
    assert api.get(f"/v1/snapshots/{day}/users").status_code == 422
    assert api.get("/v1/users/u1?snapshot=2020-01-06").status_code == 404


def test_snapshots_come_page_by_page(api: Asked) -> None:
    first = api.get("/v1/snapshots?limit=1").json()
    publish(api.workplace, DAY + timedelta(days=7))
    second = api.get(f"/v1/snapshots?limit=1&cursor={first['next']}").json()
    assert [row["snapshot_date"] for page in (first, second) for row in page["snapshots"]] == [str(DAY), str(BEFORE)]
    assert second["next"] is None
    assert first["snapshots"][0]["users"] == len(USERS)


def test_what_is_not_listed_any_more_is_let_go(api: Asked) -> None:
    api.user("u1")
    made = api.api._answers.published._made
    old = set(made)
    publish(api.workplace, DAY, USERS[:3])
    api.api.refresh()
    assert not [name for name in old if name[0] == "scored_users" and name in made]
    assert api.user("a b").status_code == 404


def test_the_openapi_document_needs_no_token_and_asks_nothing_of_others(api: Asked) -> None:
    answer = api.get("/v1/openapi.json", None)
    document = answer.json()
    assert sorted(document["paths"]) == sorted(
        ["/receipts", "/v1/effects", "/v1/plan", "/v1/snapshots", "/v1/snapshots/{day}/users", "/v1/users/{user_id}"]
    )
    assert "http" not in json.dumps(document).replace("https://json-schema", "").replace('"http"', "")
    assert api.get("/docs", None).status_code == 404
    assert [is_ours(path) for path in ("/v1", "/v1/x", "/receipts", "/v1x", "/", "/receipts/")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
