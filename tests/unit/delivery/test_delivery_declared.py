"""Sending sides that are declared in the settings: what goes over the wire, and what an answer means. Real servers."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import date
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from churn_assets.delivery.adapters import channels_needing_address
from churn_assets.delivery.channels import NOTICE, Fate, Message
from churn_assets.delivery.declared import DeclaredAdapter, _written
from churn_assets.settings.delivery import Delivery
from churn_assets.settings.services import Service

SECRET, KEY, ADDRESS = "planted-secret", "0123456789abcdef0123456789abcdef", "Planted.Wang@Example.com"
MESSAGE = Message(KEY, "u 17/é", "email", "win_back", 'We "miss" you', "Hello <b>,\n您好 {address}", "en", "{}")
LEAVE = "https://shop.example/leave?key={message_key}"
BODY = {
    "to": [{"email": "{address}"}], "subject": "{subject}", "text": "{body}", "html": "{body_html}", "n": 3,
    "leave": "<{unsubscribe_url}>", "theirs": "{{ first_name }}", "id": "{message_key}",
}  # fmt: skip


def service(url: str, **changed: Any) -> dict[str, Any]:
    return {"send": {"url": url, "body": BODY}, "secret": SECRET, **changed}


def adapter_of(stated: dict[str, Any], attempts: int = 3) -> DeclaredAdapter:
    return DeclaredAdapter(
        "mailer", Service(**stated), LEAVE, timeout_seconds=2, attempts=attempts, wait_initial_seconds=0.01
    )


def delivered(httpserver: HTTPServer, stated: dict[str, Any], *statuses: int, text: str = "ok") -> tuple[Fate, str]:
    for status in statuses:
        httpserver.expect_ordered_request("/send").respond_with_data(text, status=status)
    with closing(adapter_of(stated)) as adapter:
        outcome = adapter.deliver(MESSAGE, ADDRESS)
    httpserver.check_assertions()
    assert len(httpserver.log) == len(statuses), "asked as often as that is safe"
    return outcome.fate, outcome.detail


def asked(httpserver: HTTPServer) -> Request:
    return httpserver.log[-1][0]


def test_slots_are_filled_as_text_and_the_secret_stands_in_its_header(httpserver: HTTPServer) -> None:
    assert delivered(httpserver, service(httpserver.url_for("/send")), 202)[0] is Fate.DELIVERED
    request = asked(httpserver)
    assert json.loads(request.get_data()) == {
        "to": [{"email": ADDRESS}], "subject": 'We "miss" you', "text": "Hello <b>,\n您好 {address}", "n": 3,
        "html": "<p>Hello &lt;b&gt;,<br>\n您好 {address}</p>", "leave": f"<https://shop.example/leave?key={KEY}>",
        "theirs": "{{ first_name }}", "id": KEY,
    }  # fmt: skip
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert request.headers["Content-Type"] == "application/json"


def test_a_password_of_somebody_for_this_host_does_not_replace_the_secret(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text(
        "machine localhost login eva password other\nmachine 127.0.0.1 login eva password other\n"
    )
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert delivered(httpserver, service(httpserver.url_for("/send")), 202)[0] is Fate.DELIVERED
    assert asked(httpserver).headers["Authorization"] == f"Bearer {SECRET}"


def test_an_audience_is_a_put_by_the_hash_of_the_address(httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def take(request: Request) -> Response:
        seen.append(request)
        return Response(status=200)

    httpserver.expect_request("/lists/9", method="PUT").respond_with_handler(take)
    url = httpserver.url_for("/lists/9") + "?member={address_md5}&user={user_id}"
    stated = service(url, send={"url": url, "method": "PUT", "body": {"hash": "{address_sha256}"}}, basic_user="any")
    with closing(adapter_of(stated)) as adapter:
        assert adapter.deliver(MESSAGE, ADDRESS).fate is Fate.DELIVERED
    plain = ADDRESS.lower().encode()
    assert seen[0].args.to_dict() == {"member": md5(plain, usedforsecurity=False).hexdigest(), "user": "u 17/é"}
    assert seen[0].get_json() == {"hash": sha256(plain).hexdigest()}
    assert seen[0].authorization is not None
    assert (seen[0].authorization.username, seen[0].authorization.password) == ("any", SECRET)


@pytest.mark.parametrize(
    ("drops_repeats", "statuses", "fate"),
    [
        (True, (500, 200), Fate.DELIVERED),  # asked again: the service drops what it has
        (False, (500,), Fate.UNKNOWN),  # it may have been taken, so it is not asked for again
        (False, (429, 503, 200), Fate.DELIVERED),  # not processed for sure
        (True, (422,), Fate.FAILED),
        (False, (401,), Fate.DEFERRED),
        (False, (302,), Fate.FAILED),
    ],
)
def test_an_answer_means_what_it_does_of_a_webhook(
    httpserver: HTTPServer, drops_repeats: bool, statuses: tuple[int, ...], fate: Fate
) -> None:
    stated = service(httpserver.url_for("/send"), drops_repeats=drops_repeats)
    assert delivered(httpserver, stated, *statuses, text=f"{ADDRESS} is unknown")[0] is fate


@pytest.mark.parametrize(
    ("text", "fate", "said"),
    [
        ('[{"status": "sent"}]', Fate.DELIVERED, "HTTP 200 OK"),
        (f'[{{"status": "rejected", "email": "{ADDRESS}"}}]', Fate.FAILED, "refused by the value at /0/status"),
        ("<html>", Fate.UNKNOWN, "nothing to read at /0/status"),
        ("[]", Fate.UNKNOWN, "nothing to read at /0/status"),
    ],
)
def test_a_yes_may_stand_in_the_text_of_the_answer(httpserver: HTTPServer, text: str, fate: Fate, said: str) -> None:
    url = httpserver.url_for("/send")
    accepted = {"at": "/0/status", "one_of": ["sent", "queued"]}
    answer, detail = delivered(
        httpserver, service(url, send={"url": url, "body": BODY, "accepted": accepted}), 200, text=text
    )
    assert answer is fate
    assert said in detail
    assert ADDRESS not in detail


@pytest.mark.parametrize("address", [None, "", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"])
def test_without_one_plain_address_nothing_is_sent(httpserver: HTTPServer, address: str | None) -> None:
    with closing(adapter_of(service(httpserver.url_for("/send")))) as adapter:
        assert adapter.deliver(MESSAGE, address).fate is Fate.FAILED
    assert httpserver.log == []


def test_a_notice_of_an_erasure_goes_by_its_own_request(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/users/u 17/é", method="DELETE").respond_with_data(status=204)
    erase = {"url": httpserver.url_for("/users/") + "{user_id}", "method": "DELETE"}
    notice = replace(MESSAGE, channel=NOTICE)
    with closing(adapter_of(service(httpserver.url_for("/send"), erase=erase))) as adapter:
        assert adapter.deliver(notice, "privacy@shop.example").fate is Fate.DELIVERED
    assert asked(httpserver).get_data() == b""
    with closing(adapter_of(service(httpserver.url_for("/send")))) as adapter:
        assert adapter.deliver(notice, None).detail == "delivery.services.mailer has no erase"


@given(text=st.text(), address=st.emails())
def test_no_text_of_a_message_ends_the_value_it_stands_in(text: str, address: str) -> None:
    values = dict.fromkeys(("subject", "body_html", "unsubscribe_url", "message_key"), "") | {
        "body": text, "address": address,
    }  # fmt: skip
    sent = json.loads(json.dumps(_written(BODY, values), ensure_ascii=False).encode())
    assert (sent["text"], sent["to"]) == (text, [{"email": address}])
    assert sent.keys() == BODY.keys()


GOOD = {"url": "https://api.mailer.example/send", "body": BODY}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"send": GOOD | {"url": "http://api.mailer.example/send"}}, "url is not https"),
        ({"send": GOOD | {"url": "https://{user_id}.example/send"}}, "slots belong into path and query"),
        ({"send": GOOD | {"url": "https://a:b@mailer.example"}}, "holds a name or password"),
        ({"send": GOOD | {"body": {"to": "{adress}"}}}, "there is no slot {adress}; did you mean address?"),
        ({"send": GOOD | {"body": {"api_key": "abc"}}}, "api_key looks like a secret"),
        ({"send": GOOD | {"body": {"day": date(2026, 11, 30)}}}, "write dates and the like in quotes"),
        ({"send": GOOD | {"headers": {"X-Api-Key": "abc"}}}, "X-Api-Key looks like a secret"),
        ({"send": GOOD | {"headers": {"X-Subject": "{subject}"}}}, "may hold the slot {message_key} only"),
        ({"send": GOOD | {"headers": {"X-A": "a\r\nB: c"}}}, "holds a line break"),
        ({"send": GOOD | {"headers": {"Host": "elsewhere"}}}, "'Host' cannot be set here"),
        ({"send": GOOD | {"method": "GET"}}, "'POST', 'PUT', 'PATCH' or 'DELETE'"),
        ({"send": GOOD | {"accepted": {"at": "0.status", "one_of": ["x"]}}}, "give a JSON pointer"),
        ({"send": GOOD | {"body": {"a": "{body}"}}, "drops_repeats": True}, "it can only know a repeat by the slot"),
        ({"send": GOOD | {"body": {"key": "{secret}"}}, "secret": None}, "SECRET is not set"),
        ({"auth_value": "Bearer abc"}, "give a text with {secret}"),
        ({"secret": "abc\ndef"}, "the secret holds a line break"),
        ({"erase": {"url": "https://a.example/{address}"}}, "only {user_id} and {message_key}"),
        ({"sned": GOOD}, "Extra inputs are not permitted"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_when_it_is_read(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Service(**{"send": GOOD, "secret": SECRET, **changed})
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"email": "maler"}, "email: 'maler' takes none; did you mean mailer?; there are smtp, webhook, mailer"),
        ({"sms": "smtp"}, "sms: 'smtp' takes none"),
        ({"email": "mailer", "unsubscribe_url": None}, "so unsubscribe_url must be set"),
        ({"services": {"Mailer": {"send": GOOD}}}, "'Mailer' cannot be its name"),
        ({"services": {"smtp": {"send": GOOD}}}, "'smtp' cannot be its name"),
        (
            {"email": "plain", "services": {"plain": {"send": GOOD | {"body": {"to": "{address}"}}}}},
            "an e-mail needs a way to leave",
        ),
    ],
)
def test_a_channel_without_a_side_that_takes_it_is_refused(settings: dict[str, Any], said: str) -> None:
    stated: dict[str, Any] = {"unsubscribe_url": LEAVE, "services": {"mailer": {"send": GOOD, "secret": SECRET}}}
    with pytest.raises(ValidationError) as refused:
        Delivery(**{**stated, **settings})
    assert said in str(refused.value)


def test_only_a_side_that_is_told_addresses_needs_them() -> None:
    body = {"user": "{user_id}", "text": "{body}"}
    services = {"mailer": {"send": GOOD}, "pusher": {"send": GOOD | {"body": body}}}
    delivery = Delivery(email="mailer", push="pusher", unsubscribe_url=LEAVE, services=services)  # type: ignore[arg-type]
    assert channels_needing_address(delivery) == {"email", "call"}
