"""What has been fetched of a source with an address, and what its server answers where it gives nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from churn_assets.landing.files import DataFile
from churn_assets.pulling.errors import PullError
from churn_assets.settings.mapping import SourceFiles
from churn_assets.settings.pulled import variable


@dataclass(frozen=True)
class Fetched:
    """`files`: those that have changed; `tags`: the version of each file that is there, by its address."""

    files: tuple[DataFile, ...]
    tags: Mapping[str, str]


def as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without a user, requests would put what ~/.netrc says of the host in the place of the token."""
    return request


def refuse(source: SourceFiles, answer: requests.Response) -> None:
    code, place = answer.status_code, f"source {source.name}: {place_of(str(source.uri))}"
    if urlsplit(answer.url).scheme == "http" and not str(source.uri).startswith("http:"):
        raise PullError(f"{place}: it leads to an address without https, where everybody reads along: correct uri")
    if code in (requests.codes.unauthorized, requests.codes.forbidden):
        user, password, token = (variable(source.name, what) for what in ("user", "password", "token"))
        raise PullError(f"{place}: it is closed to who asks ({code}): set {user} and {password}, or {token}")
    if code == requests.codes.not_found:
        raise PullError(f"{place}: there is no such file ({code}): correct uri in mapping.yaml")
    if code != requests.codes.ok:
        raise PullError(f"{place}: the server answers {code}: see what it needs, then churn pull")


def place_of(uri: str) -> str:
    """Without parameters, which may hold what nobody should read."""
    return uri.partition("?")[0]


@contextmanager
def naming(source: SourceFiles) -> Iterator[None]:
    """Errors of the line as PullError; a file that breaks off is one."""
    try:
        yield
    except requests.RequestException as error:
        raise PullError(
            f"source {source.name}: {place_of(str(source.uri))} cannot be fetched ({type(error).__name__}): see "
            "whether it can be reached, then churn pull"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        if isinstance(error, OSError) and error.filename:
            raise  # a file of this machine
        cause = " ".join(str(error).split())[:200]
        raise PullError(
            f"source {source.name}: {place_of(str(source.uri))} cannot be fetched ({cause}): see whether it can be "
            "reached and who may read it, then churn pull"
        ) from None
