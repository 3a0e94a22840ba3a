"""The OpenAPI document: its examples fit its models, and the API does what it says for requests drawn from it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel
from schemathesis import GenerationMode
from standardwebhooks import Webhook

from churn_assets.api import examples
from churn_assets.api.receipts import Receipts, ReceiptsTaken
from churn_assets.api.shapes import Effects, PlanShown, Snapshots, SnapshotUsers, User
from tests.unit.api.conftest import SECRET

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tests.unit.api.conftest import Asked

MODELS = (
    (User, examples.USER), (SnapshotUsers, examples.PAGE), (Snapshots, examples.SNAPSHOTS),
    (PlanShown, examples.PLAN), (Effects, examples.EFFECTS), (Receipts, examples.RECEIPTS),
    (ReceiptsTaken, examples.TAKEN),
)  # fmt: skip


@pytest.mark.parametrize(("model", "example"), MODELS, ids=lambda value: getattr(value, "__name__", ""))
def test_examples_fit_and_leave_nothing_out(model: type[BaseModel], example: Any) -> None:
    again = json.loads(model.model_validate_json(json.dumps(example)).model_dump_json())
    assert set(again) == set(example)


class Signing:
    """Signs receipts that bring the headers of a signature, whatever is in them: nobody draws a valid one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        signed = {b"webhook-id", b"webhook-timestamp", b"webhook-signature"}
        if scope["type"] != "http" or not signed <= {name for name, _ in scope["headers"]}:
            await self._app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        moment = datetime.now(UTC)
        request_id = f"msg_{hash(body)}"
        signature = Webhook(SECRET).sign(request_id, moment, body.decode("utf-8", "replace"))
        own = [(name, value) for name, value in scope["headers"] if name not in signed]
        values = (request_id, str(int(moment.timestamp())), signature)
        names = (b"webhook-id", b"webhook-timestamp", b"webhook-signature")
        own += [(name, value.encode()) for name, value in zip(names, values, strict=True)]

        async def whole() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app({**scope, "headers": own}, whole, send)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_the_api_does_what_its_document_says(api: Asked, mode: GenerationMode) -> None:
    """Some 10 s: 20 valid or invalid requests for each route, and every check that schemathesis has."""
    app = Signing(api.api.application(frozenset({"localhost", "testserver"})))
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app)
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) == 6
    for operation in operations:

        @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {api.tokens['all']}"})

        asked()
