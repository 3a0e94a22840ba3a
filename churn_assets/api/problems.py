"""Refusals and errors as problems: https://www.rfc-editor.org/rfc/rfc9457"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from churn_assets.failures import Failure

MEDIA_TYPE = "application/problem+json"
NO_TOKEN = "Send Authorization: Bearer and a token that is valid: churn token add makes one."  # noqa: S105 - none
NOT_SHOWN = "Nothing is shown of such a user at this snapshot."
UNREADABLE = "What was asked for cannot be read now; the server's log says why. Try again in a minute."
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """An error or a refusal."""

    type: str = Field("about:blank", description="Always about:blank: the status says what kind it is.")
    title: str = Field(description="Name of the status.")
    status: int = Field(description="Status of the answer.")
    detail: str = Field(description="What is wrong, and what can be done.")


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def problem(status: HTTPStatus, detail: str) -> Response:
    """The answer; of two requests that are refused for one reason, each byte is the same."""
    content = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    headers = {"www-authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "60"
    return Response(json.dumps(content, ensure_ascii=False), status, headers, MEDIA_TYPE)


async def of_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - by its registration
    return problem(error.status, error.detail)


async def of_http(_: Request, error: Exception) -> Response:
    """Of the router: no such path, another method."""
    assert isinstance(error, HTTPException)  # noqa: S101
    status = HTTPStatus(error.status_code)
    answer = problem(status, {404: "There is no such path here."}.get(status, f"{status.description}."))
    answer.headers.update(error.headers or {})
    return answer


async def of_invalid(_: Request, error: Exception) -> Response:
    """Names what is invalid, never the value: it may be of a person."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(places_of(error.errors())))


async def of_failure(_: Request, error: Exception) -> Response:
    """Something that a person has to mend: paths and reasons are for the log."""
    log.warning("%s", error)
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, UNREADABLE)


async def of_error(_: Request, error: Exception) -> Response:
    """Starlette raises it again for the server's log."""
    del error
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "A mistake of this program: its log has the details.")


def places_of(errors: Any, most: int = 10) -> list[str]:
    """One text per error of pydantic: where, and which rule."""
    return [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in list(errors)[:most]]


HANDLERS: dict[Any, Any] = {
    Refused: of_refused, HTTPException: of_http, RequestValidationError: of_invalid, Failure: of_failure,
    Exception: of_error,
}  # fmt: skip


def documented(**details: str) -> dict[int | str, dict[str, Any]]:
    """Responses of a route for OpenAPI: `_404="why"` and so on."""
    return {
        int(name.removeprefix("_")): {
            "description": detail,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": "about:blank",
                        "title": HTTPStatus(int(name.removeprefix("_"))).phrase,
                        "status": int(name.removeprefix("_")),
                        "detail": detail,
                    },
                }
            },
        }
        for name, detail in details.items()
    }
