"""The API: `/v1` for who reads, `POST /receipts` for who delivers. No page of it asks anything of another server."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from http import HTTPStatus
from threading import Event
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from pydantic import BeforeValidator
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from churn_assets.api import examples
from churn_assets.api.answers import NO_EFFECTS, NO_PLAN, NO_SNAPSHOT, Answer, Answers
from churn_assets.api.gate import Gate
from churn_assets.api.problems import HANDLERS, NO_TOKEN, NOT_SHOWN, UNREADABLE, Problem, Refused, documented
from churn_assets.api.published import parts_of_user
from churn_assets.api.reads import Reads
from churn_assets.api.receipts import SIGNATURE, UNSIGNED, Receipts, ReceiptsTaken, Taking, answer_of
from churn_assets.api.shapes import Effects, PlanShown, Snapshots, SnapshotUsers, User
from churn_assets.api.tokens import holder_of
from churn_assets.console.waiting import Publishing
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.receipts import ReceivedFiles
from churn_assets.failures import Failure, error_message
from churn_assets.instance.in_thread import in_thread
from churn_assets.instance.record.kept import KeptRecord
from churn_assets.workplace import Workplace

RECEIPTS, READING = "/receipts", "/v1"
BEARER = re.compile(r"bearer +([\x21-\x7e]{1,200})", re.IGNORECASE)
BEARER_SCHEME = HTTPBearer(auto_error=False, description="A token of churn token add.")
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_USERS = 500
LOOK_SECONDS = 1.0
DESCRIPTION = (
    "What churn-assets knows of users, and what became of messages to them. Times are in UTC, amounts in the currency "
    "of orders. churn token add makes a token."
)
ETAG = {"description": "Of the answer, for If-None-Match.", "schema": {"type": "string"}, "required": True}
COMMON = {
    "_401": NO_TOKEN, "_403": "The token has not the scope, or the request names another host.",
    "_422": "A parameter or the body is invalid.", "_503": UNREADABLE,
}  # fmt: skip
OF_RECEIPTS = {
    "_401": f"{NO_TOKEN} {UNSIGNED}", "_409": "This webhook-id was that of another body.",
    "_411": "The request does not say how long it is.", "_413": "The body is too large.",
    "_415": "The body is application/json.",
}  # fmt: skip
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Receipts"}, "example": examples.RECEIPTS}
    },
}
SIGNED = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": description}
    for name, description in zip(
        SIGNATURE,
        ("Id of this request, the same when it is repeated.", "Seconds since 1970, within five minutes of now.",
         "v1, and HMAC-SHA256 in base64 of id.timestamp.body under console.receipts_secret."),
        strict=True,
    )
]  # fmt: skip
log = logging.getLogger(__name__)


def _written_as_day(value: Any) -> Any:
    """Pydantic takes numbers, and times at midnight, for days too."""
    if isinstance(value, str) and not DAY.fullmatch(value):
        raise ValueError("a day is written as 2026-11-16")
    return value


ADay = Annotated[date, BeforeValidator(_written_as_day)]
Day = Annotated[ADay | None, Query(description="Day of a snapshot; default: the newest one.", examples=["2026-11-16"])]
DayInPath = Annotated[ADay, Path(description="Day of a snapshot.", examples=["2026-11-16"])]
UserId = Annotated[str, Path(min_length=1, description="As tables have it, encoded for a URL.", examples=["u000123"])]
Limit = Annotated[int, Query(ge=1, le=MOST_USERS, description="Rows of a page.")]
UsersCursor = Annotated[str | None, Query(pattern=r"^[0-9a-f]{16}$", description="next of the page before.")]
SnapshotsCursor = Annotated[str | None, Query(pattern=r"^[0-9a-f]{8}$", description="next of the page before.")]


def is_ours(path: str) -> bool:
    """Whether a path is of the API, and not of the console."""
    return path in (RECEIPTS, READING) or path.startswith(f"{READING}/")


class Api:
    """One application with what it keeps in memory. `clock`: now in naive UTC.

    Raises ValueError where console.receipts_secret is none.
    """

    def __init__(self, workplace: Workplace, clock: Callable[[], datetime] = utc_now) -> None:
        secret = workplace.settings.console.receipts_secret
        self._workplace, self._clock = workplace, clock
        self._record = KeptRecord(workplace.home.record)
        self._answers = Answers(workplace)
        self._reads = Reads(self._record)
        self._publishing = Publishing(workplace)
        self._taking = Taking(self._record, secret.get_secret_value() if secret else None, ReceivedFiles(workplace))

    def application(self, hosts: frozenset[str]) -> ASGIApp:
        """The ASGI application behind its gate."""
        return Gate(self.routes(), hosts)

    def routes(self) -> FastAPI:
        """The application without its gate."""
        app = FastAPI(
            title="churn-assets", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None,
            openapi_url=f"{READING}/openapi.json", exception_handlers=HANDLERS, redirect_slashes=False,
        )  # fmt: skip
        for path, scope, handler, model, example, refusals in (
            ("/users/{user_id:path}", "users:read", self._user, User, examples.USER, {"_404": NOT_SHOWN}),
            ("/snapshots", "snapshots:read", self._snapshots, Snapshots, examples.SNAPSHOTS, {}),
            ("/snapshots/{day}/users", "users:read", self._users, SnapshotUsers, examples.PAGE, {"_404": NO_SNAPSHOT}),
            ("/plan", "plan:read", self._plan, PlanShown, examples.PLAN, {"_404": NO_PLAN}),
            ("/effects", "effects:read", self._effects, Effects, examples.EFFECTS, {"_404": NO_EFFECTS}),
        ):
            app.add_api_route(
                READING + path, handler, methods=["GET"], response_model=model, name=scope,
                dependencies=[Depends(BEARER_SCHEME), Depends(self._holding(scope)), Depends(_known_parameters)],
                description=f"{handler.__doc__} Needs the scope {scope}.", operation_id=handler.__name__.strip("_"),
                responses={
                    200: {"content": {"application/json": {"example": example}}, "headers": {"ETag": ETAG}},
                    304: {"description": "Nothing has changed since the ETag in If-None-Match."},
                    **documented(**COMMON | refusals),
                },
            )  # fmt: skip
        app.add_api_route(
            RECEIPTS, self._receipts, methods=["POST"], response_model=ReceiptsTaken, operation_id="receipts",
            dependencies=[Depends(BEARER_SCHEME), Depends(self._holding("receipts:write")), Depends(_known_parameters)],
            description=f"{self._receipts.__doc__} Needs the scope receipts:write.",
            responses={
                200: {"content": {"application/json": {"example": examples.TAKEN}}},
                **documented(**COMMON | OF_RECEIPTS),
            },
            openapi_extra={"requestBody": BODY, "parameters": SIGNED},
        )  # fmt: skip
        app.openapi = lambda: _described(app)  # type: ignore[method-assign]
        return app

    @contextmanager
    def kept_fresh(self) -> Iterator[None]:
        """In a thread, each second: flush the audit, read consents that have arrived and the newest snapshot before
        anybody asks for them, and let go of files that are not listed any more.
        """

        def keep(ended: Event) -> None:
            while True:
                try:
                    self.refresh()
                except (Failure, OSError, sqlite3.Error) as error:  # an answer that needs it says so too
                    message = error_message(error, self._workplace.home.root)
                    log.warning("%s", message or f"{type(error).__name__}: {error}")
                if ended.wait(LOOK_SECONDS):
                    return

        with in_thread("api", keep):
            yield

    def refresh(self) -> None:
        """Once."""
        self._record.flush()
        self._answers.hidden.read_landing()
        with self._record.reading() as connection:
            parts = [part for part in parts_of_user(connection) if part]
            hashes = {sha256 for (sha256,) in connection.execute("select sha256 from manifest")}
        self._answers.published.keep_only(hashes)
        for part in parts:
            self._answers.published.lookup(part)

    # Who may ask

    def _holding(self, scope: str) -> Callable[[Request], Awaitable[None]]:
        """Lets a request pass whose token has the scope; all that have no valid one are refused in the same words."""

        async def checked(request: Request) -> None:
            sent = request.headers.getlist("authorization")
            token = BEARER.fullmatch(sent[0]) if len(sent) == 1 else None
            holder = None
            if token:
                with self._record.reading() as connection:
                    holder = holder_of(connection, token[1], self._clock())
            if holder is None:
                raise Refused(HTTPStatus.UNAUTHORIZED, NO_TOKEN)
            request.state.holder = holder
            if scope not in holder.scopes:
                await self._note(request, "refused", request.scope["route"].path, f"needs scope {scope}")
                raise Refused(HTTPStatus.FORBIDDEN, f"This token has not the scope {scope}.")

        return checked

    async def _note(self, request: Request, act: str, subject: str, detail: str) -> None:
        address = request.client.host if request.client else ""
        await self._reads.note((self._clock().isoformat(), request.state.holder.account, act, subject, detail, address))

    # Reading

    async def _user(self, request: Request, user_id: UserId, snapshot: Day = None) -> Response:
        """A user at a snapshot: score, reasons and decision. 404 within a second after an erasure or objection."""
        return await self._answered(request, self._answers.user, user_id, snapshot, self._clock())

    async def _users(
        self, request: Request, day: DayInPath, cursor: UsersCursor = None, limit: Limit = 100
    ) -> Response:
        """Users of a snapshot who are shown, page by page: each once, whatever is published meanwhile."""
        return await self._answered(request, self._answers.users, day, cursor, limit, self._clock())

    async def _snapshots(self, request: Request, cursor: SnapshotsCursor = None, limit: Limit = 100) -> Response:
        """Snapshots whose scores can be read, the newest first."""
        return await self._answered(request, self._answers.snapshots, cursor, limit)

    async def _plan(self, request: Request, snapshot: Day = None) -> Response:
        """What is to be sent after a snapshot, summed up by channel, arm, level and state."""
        return await self._answered(request, self._answers.plan, snapshot)

    async def _effects(self, request: Request, snapshot: Day = None) -> Response:
        """What arms and the program have changed, as measured at a snapshot."""
        return await self._answered(request, self._answers.effects, snapshot)

    async def _answered(self, request: Request, work: Callable[..., Answer], *arguments: Any) -> Response:
        """The answer, once its row is in the audit."""
        try:
            answer = await run_in_threadpool(self._worked, work, arguments)
        except Refused as error:
            if error.detail == NOT_SHOWN:  # whose id it was is not kept: it may be somebody's who was erased
                await self._note(request, "person not shown", "", "")
            raise
        if answer.read is not None:
            await self._note(request, *answer.read)
        headers = {"etag": answer.etag}
        if _has(request, answer.etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(answer.content, headers=headers, media_type="application/json")

    def _worked(self, work: Callable[..., Answer], arguments: tuple[Any, ...]) -> Answer:
        with self._record.reading() as connection:
            return work(connection, *arguments)

    # Receipts

    async def _receipts(self, request: Request) -> Response:
        """What became of messages. Signed by Standard Webhooks; on record when answered, each event once."""
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, OF_RECEIPTS["_415"])
        body = await request.body()
        signed = {name: request.headers.getlist(name) for name in SIGNATURE}
        address = request.client.host if request.client else ""
        taken = await run_in_threadpool(self._taking.taken, body, signed, request.state.holder, self._clock(), address)
        follow = BackgroundTask(self._published, taken.ended) if taken.taken else None
        return Response(json.dumps(answer_of(taken)), media_type="application/json", background=follow)

    def _published(self, ended: list[str]) -> None:
        """In the background: the raw files, and the published states of messages that were cancelled."""
        self._taking.files.write()
        for key in ended:
            self._publishing.publish(key)


async def _known_parameters(request: Request) -> None:
    """A parameter that is misspelt, or sent twice, would be ignored and another answer taken for the one asked for."""
    known = {each.alias for each in request.scope["route"].dependant.query_params}
    sent = [name for name, _ in request.query_params.multi_items()]
    if not set(sent) <= known or len(set(sent)) < len(sent):
        names = ", ".join(sorted(known)) or "none"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"Parameters of this path, each once: {names}.")


def _has(request: Request, etag: str) -> bool:
    """Whether the client has the answer (RFC 9110 13.1.2)."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in sent.split(","))


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the models that FastAPI does not see."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document["components"]["schemas"]
        for model in (Problem, Receipts):
            made = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(made.pop("$defs", {}))
            schemas[model.__name__] = made
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        app.openapi_schema = document
    return app.openapi_schema
