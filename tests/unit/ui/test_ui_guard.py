"""The guard before the web server, asked as browsers, links, forms and rebound names would ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from churn_assets.ui.hosts import allowed_hosts

if TYPE_CHECKING:
    from tests.unit.ui.conftest import Answer

HOST = "127.0.0.1:3000"
CHANGE = "mutation { launch }"
READ = "query Runs { runs { id } }"
LATER = "query A { a } mutation B { b }"
FRAGMENT = "fragment F on Mutation { launch } query Q { ...F }"
Ask = Talk = Callable[..., "Answer"]


def link(document: str, **more: str) -> str:
    return "/graphql?" + "&".join(f"{key}={quote(value)}" for key, value in {"query": document, **more}.items())


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"])
def test_it_answers_to_the_names_of_this_machine(ask: Ask, host: str) -> None:
    answer = ask(host=host)
    assert (answer.status, answer.text) == (200, "done")


@pytest.mark.parametrize(
    "host",
    [
        None, "", "evil.example", "evil.example:3000", "127.0.0.1", "127.0.0.1:3001", "127.0.0.1:3000.evil.example",
        "localhost.:3000", "localhost.evil.example:3000", "127.0.0.1.nip.io:3000", "0.0.0.0:3000", "[::]:3000",
        "[::ffff:127.0.0.1]:3000", "127.0.0.2:3000", "127.1:3000", "2130706433:3000", "evil@127.0.0.1:3000",
        "127.0.0.1:3000 ", "127.0.0.1:3000,evil.example",
    ],
)  # fmt: skip
def test_a_name_that_was_pointed_here_is_refused(ask: Ask, talk: Talk, host: str | None) -> None:
    answer = ask(host=host)
    assert (answer.status, answer.has_reached_the_application) == (403, False)
    assert "ui.allowed_hosts" in answer.text
    assert not talk('{"type": "connection_init"}', host=host).has_reached_the_application


def test_two_host_headers_are_none(ask: Ask) -> None:
    answer = ask("GET", "/", ("Host", "evil.example"))
    assert (answer.status, answer.has_reached_the_application) == (403, False)
    assert not ask("GET", "/", ("Host", HOST)).has_reached_the_application


def test_further_names_are_a_setting(ask: Ask) -> None:
    assert ask(host="localhost:8080", more_hosts=("LocalHost:8080",)).status == 200
    assert (
        ask("GET", "/", ("Origin", "https://shop.example"), host="shop.example", more_hosts=("shop.example",)).status
        == 200
    )
    assert ask(host="localhost:8081", more_hosts=("localhost:8080",)).status == 403


def test_on_the_port_of_http_the_name_stands_alone() -> None:
    assert {"127.0.0.1", "localhost", "[::1]", "localhost:80"} <= allowed_hosts(80)
    assert "localhost" not in allowed_hosts(3000)


FOREIGN_ORIGINS = [
    "http://evil.example", "null", "http://127.0.0.1:8000", "http://localhost:3000", "http://127.0.0.1", "file://",
    "http://127.0.0.1:3000.evil.example", "http://127.0.0.1:30000", "", "chrome-extension://abc",
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("url", ["/", "/graphql", "/server_info", "/logs/a/out", "/report_asset_materialization/a"])
def test_no_page_elsewhere_may_use_it(ask: Ask, talk: Talk, origin: str, url: str) -> None:
    for method in ("GET", "POST"):
        answer = ask(method, url, ("Origin", origin), ("Content-Type", "application/json"))
        assert (answer.status, answer.has_reached_the_application) == (403, False)
    assert not talk(headers=(("Origin", origin),)).has_reached_the_application


def test_its_own_pages_may(ask: Ask) -> None:
    own = ("Origin", f"http://{HOST}")
    assert ask("POST", "/graphql", own, ("Content-Type", "application/json")).status == 200
    assert ask("GET", "/", own, own).status == 403, "one origin, not two"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_of_a_request_without_origin_counts_too(ask: Ask, site: str) -> None:
    embedded = (("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image"))
    framed = (("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"))
    followed = (("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))
    assert ask("GET", "/server_info", *embedded).status == 403
    assert ask("GET", "/", *framed).status == 403
    assert ask("GET", "/assets/scoring", *followed).status == 200, "a link in a mail opens the page"
    assert ask("GET", link(READ), *followed).status == 403
    assert ask("POST", "/graphql", *followed, ("Content-Type", "application/json")).status == 403
    assert ask("GET", "/", ("Sec-Fetch-Site", "same-origin")).status == 200
    assert ask("GET", "/", ("Sec-Fetch-Site", "none")).status == 200, "typed by hand"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql", "/GraphQL", "/x/graphql"])
@pytest.mark.parametrize(
    "query",
    [
        link(CHANGE), link(LATER), link(LATER, operationName="A"), link("mutation($a: Int) { launch(a: $a) }"),
        link("# query { a }\nmutation { launch }"), link('query Q { a(text: "x") } mutation M { launch }'),
        link("subscription { events }"), link(READ) + "&query=" + quote(CHANGE), link(CHANGE) + "&query=" + quote(READ),
        "?query=mutation+%7Blaunch%7D", "?%71uery=mutation%7Blaunch%7D", "?x=1&query=%EF%BB%BFmutation%7Blaunch%7D",
    ],
)  # fmt: skip
def test_a_link_changes_nothing(ask: Ask, method: str, path: str, query: str) -> None:
    answer = ask(method, path + query[query.index("?") :])
    assert answer.status in (400, 405)
    assert not answer.has_reached_the_application


@pytest.mark.parametrize(
    "document", [READ, "{ version }", "fragment F on Run { id } query Q { runs { ...F } }", FRAGMENT]
)
def test_a_link_may_read(ask: Ask, document: str) -> None:
    """A fragment on the mutation type within a query is the application's to refuse: it is no mutation."""
    assert ask("GET", link(document)).status == 200


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("mutation {", "Syntax Error"), ("", "Syntax Error"), ("{" * 3000 + "a" + "}" * 3000, ""),
        ("type Query { a: Int }", "does not belong"), ("{" + "a " * 60_000 + "}", "token"),
    ],
    ids=["cut off", "empty", "nested", "a schema", "endless"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(ask: Ask, document: str, why: str) -> None:
    answer = ask("GET", link(document))
    assert (answer.status, answer.has_reached_the_application) == (400, False)
    assert why in answer.text


def test_a_query_parameter_of_other_pages_is_theirs(ask: Ask) -> None:
    assert ask("GET", "/runs?query=mutation").status == 200


@pytest.mark.parametrize(
    "kinds",
    [
        (), ("text/plain",), ("application/x-www-form-urlencoded",), ("multipart/form-data; boundary=x",),
        ("application/graphql",), ("application/graphql+json",), ("application/graphql-response+json",),
        ("text/plain; application/json",), ("text/plain;charset=application/json",), ("application/json-patch+json",),
        ("application/jsonp",), ("text/plain, application/json",), ("application/json, text/plain",),
        ("application/json", "text/plain"), ("application/json", "application/json"), ("",),
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", [link(CHANGE), "/graphql", "/report_asset_check/a"])
def test_a_form_changes_nothing(ask: Ask, kinds: tuple[str, ...], url: str) -> None:
    """A browser sends all but application/json from any page without asking."""
    answer = ask("POST", url, *(("Content-Type", kind) for kind in kinds))
    assert (answer.status, answer.has_reached_the_application) == (415, False)


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", "application/json; charset=utf-8", " application/json "]
)
def test_json_is_let_through_spelt_as_the_application_looks_for_it(ask: Ask, kind: str) -> None:
    """Dagster looks for the letters `application/json`, and reads the query of the URL where it does not find them."""
    answer = ask("POST", link(CHANGE), ("Content-Type", kind), ("X-Other", "kept"))
    (scope,) = answer.backend.scopes
    assert [value for name, value in scope["headers"] if name == b"content-type"] == [b"application/json"]
    assert (b"X-Other", b"kept") in scope["headers"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "Post", "MUTATE"])
def test_other_methods_are_not_answered(ask: Ask, method: str) -> None:
    answer = ask(method, "/graphql", ("Content-Type", "application/json"))
    assert (answer.status, answer.has_reached_the_application) == (405, False)


def test_nobody_may_show_it_in_a_frame(ask: Ask) -> None:
    for answer in (ask(), ask(host="evil.example")):
        headers = dict(answer.sent[0]["headers"])
        assert headers[b"x-frame-options"] == b"SAMEORIGIN"
        assert headers[b"cross-origin-resource-policy"] == b"same-origin"
        assert b"access-control-allow-origin" not in headers
