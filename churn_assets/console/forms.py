"""What a request brings: the fields of a form, and its own path."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from churn_assets.failures import Failure

MOST_FIELDS = 20


class BadForm(Failure, ValueError, code="access"):
    """A form that no page of this server has sent."""


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; what is no form has none. Raises BadForm: of a field with two values neither is meant."""
    body = await request.body()
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise BadForm(f"A form has at most {MOST_FIELDS} fields.") from error
    if len({name for name, _ in fields}) < len(fields):
        raise BadForm("A field of the form is there twice: go back and load the page again.")
    return dict(fields)


def path_of(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def own_path(path: str | None) -> str:
    """A path of this server to go on to; the first page where it is anything else."""
    is_own = path is not None and path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path
    return path if is_own and path is not None else "/"
