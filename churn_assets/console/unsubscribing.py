"""The page for people who got a message and want no more: RFC 8058, https://www.rfc-editor.org/rfc/rfc8058."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from churn_assets.console.audit import NOBODY, note
from churn_assets.console.forms import form_of
from churn_assets.console.gate import Gate
from churn_assets.console.render import page
from churn_assets.console.waiting import Publishing
from churn_assets.delivery.consents import NoSuchMessage, add_consents, withdrawals
from churn_assets.delivery.receipts import write_receipts

PATH = "/unsubscribe"


@dataclass(frozen=True)
class Unsubscribing:
    gate: Gate
    publishing: Publishing

    async def show(self, request: Request) -> Response:
        """A link that is followed changes nothing: mail programs follow links to look at them."""
        return page("unsubscribe", session=None, key=request.query_params.get("key", ""), is_done=False)

    async def unsubscribe(self, request: Request) -> Response:
        key = request.query_params.get("key") or (await form_of(request)).get("key", "")
        return await run_in_threadpool(self._unsubscribed, key)

    def _unsubscribed(self, key: str) -> Response:
        """Whoever has the key of a message refuses its channel; an unknown key is answered alike."""
        workplace, now = self.gate.workplace, self.gate.clock()
        record = workplace.record
        try:
            add_consents(record, withdrawals(record, [key], now), "unsubscribe", now)
        except NoSuchMessage:
            return page("unsubscribe", session=None, key="", is_done=True)
        write_receipts(workplace)
        workplace.outbox.cancel_like(key)
        note(record, now, NOBODY, "unsubscribe", key)
        answer = page("unsubscribe", session=None, key="", is_done=True)
        answer.background = BackgroundTask(self.publishing.publish, key)
        return answer
