"""What a request brings: the fields of a form, and its own path."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of one that is sent twice the last. What is no form has none."""
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))


def path_of(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def own_path(path: str | None) -> str:
    """A path of this server to go on to; the first page where it is anything else."""
    is_own = path is not None and path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path
    return path if is_own and path is not None else "/"
