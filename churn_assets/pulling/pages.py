"""Rows that a web API gives a page at a time, as JSON, into one file with an object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from churn_assets.landing.files import data_file
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.fetched import Fetched, as_it_is, naming, place_of, refuse
from churn_assets.settings.mapping import SourceFiles
from churn_assets.settings.pulled import Pages, variable

SECONDS, BLOCK, MOST_PAGES, MOST_BYTES = (
    60,
    1 << 16,
    100_000,
    64 << 20,
)  # of one answer; Shopify's 250 orders are about 3 MB
SINCE = "since "
# Shopify and others answer 429 with Retry-After where they are asked too often: six attempts take a minute at most
# where it is not stated.
PATIENCE = Retry(total=6, backoff_factor=1, status_forcelist=(429, 502, 503, 504), raise_on_status=False)


@dataclass(frozen=True)
class Answer:
    """`body`: its JSON; `link`: where its header Link has the next page."""

    body: Any
    link: str | None


def fetch_pages(source: SourceFiles, folder: Path, seen: Mapping[str, str]) -> Fetched:
    """What changed since `seen`, or everything. Raises PullError; what was read until then is of no use to anybody."""
    uri, pages = str(source.uri), _pages(source)
    known = seen.get(uri, "")
    newest = datetime.fromisoformat(known.removeprefix(SINCE)) if known.startswith(SINCE) else None
    address = uri
    if newest and pages.changed_since:
        since = newest - timedelta(minutes=pages.overlap_minutes)
        address = with_parameter(uri, pages.changed_since, f"{since:%Y-%m-%dT%H:%M:%SZ}")
    rows = _Rows(source, newest, datetime.now(UTC))
    file = folder / "rows.jsonl"
    with file.open("w", encoding="utf-8") as target:
        for page in read_pages(source, address):
            target.writelines(rows.take(page))
    if len(rows.last_of) < rows.count:
        file = _without_earlier(file, set(rows.last_of.values()))
    tag = f"{SINCE}{rows.newest.isoformat()}" if rows.newest else ""
    read = data_file(file)
    return Fetched((read,) if rows.count and read else (), {uri: tag})


@dataclass
class _Rows:
    """What the pages have brought so far. `newest`: the last change; `last_of`: id -> number of its last row."""

    source: SourceFiles
    newest: datetime | None
    now: datetime
    last_of: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def take(self, page: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """The rows as lines. Raises PullError for a page that brings nothing new, since so it would go on for ever, and
        for one whose rows do not say when they changed.
        """
        pages = _pages(self.source)
        texts = [json.dumps(row, ensure_ascii=False) for row in page]
        keys = [str(value_at(row, pages.id) or text) for row, text in zip(page, texts, strict=True)]
        if keys and all(key in self.last_of for key in keys):
            raise PullError(
                f"{_place(self.source)}: a page has the rows of pages before: correct pages in mapping.yaml"
            )
        self.last_of.update({key: self.count + number for number, key in enumerate(keys)})
        self.count += len(texts)
        times = [moment for row in page if (moment := _changed(pages, row))] if pages.changed else []
        if pages.changed and page and not times:
            raise PullError(
                f"{_place(self.source)}: no row has a time in {pages.changed}: correct pages.changed in mapping.yaml"
            )
        # A time after now is a mistake, and must not hide later rows.
        self.newest = max(
            [*([self.newest] if self.newest else []), *(min(each, self.now) for each in times)], default=None
        )
        yield from (f"{text}\n" for text in texts)


def first_answer(source: SourceFiles) -> Answer:
    """Raises PullError where there is none."""
    with _session() as session:
        return _ask(source, session, str(source.uri))


def read_pages(source: SourceFiles, address: str) -> Iterator[list[dict[str, Any]]]:
    """Rows, page by page, from `address` on to the last. Raises PullError."""
    asked: set[str] = set()
    with _session() as session:
        following: str | None = address
        while following:
            _refuse_odd(source, following, asked)
            asked.add(following)
            answer = _ask(source, session, following)
            yield rows_of(source, answer)
            try:
                following = _next(source, following, answer)
                _host(following or "")
            except ValueError:
                raise PullError(
                    f"{_place(source)}: the address of the next page cannot be read: correct pages in mapping.yaml"
                ) from None


@contextmanager
def _session() -> Iterator[requests.Session]:
    with closing(requests.Session()) as session:
        session.mount("https://", HTTPAdapter(max_retries=PATIENCE))
        session.mount("http://", HTTPAdapter(max_retries=PATIENCE))
        yield session


def with_parameter(address: str, name: str, value: str) -> str:
    """The address with this parameter, and not with an older value of it."""
    parts = urlsplit(address)
    others = [(key, own) for key, own in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return parts._replace(query=urlencode([*others, (name, value)])).geturl()


def _without_earlier(file: Path, kept: set[int]) -> Path:
    """Rows of a shop that sells meanwhile move from one page to the next, and come twice: the last word counts."""
    shorter = file.with_name("last.jsonl")
    with file.open(encoding="utf-8") as rows, shorter.open("w", encoding="utf-8") as target:
        target.writelines(row for number, row in enumerate(rows) if number in kept)
    return shorter


def _pages(source: SourceFiles) -> Pages:
    return source.pages or Pages()


def _refuse_odd(source: SourceFiles, address: str, asked: set[str]) -> None:
    """The key of the source goes to the host that it is for and nowhere else; and reading comes to an end."""
    place = _place(source)
    if _host(address) != _host(str(source.uri)):
        raise PullError(f"{place}: the next page is said to be on another host: see what the server answers")
    if address in asked:
        raise PullError(f"{place}: a page leads to one that was read already: correct pages in mapping.yaml")
    if len(asked) >= MOST_PAGES:
        raise PullError(
            f"{place}: it has more than {MOST_PAGES:,} pages: ask for more rows a page, or state changed_since"
        )


def _ask(source: SourceFiles, session: requests.Session, address: str) -> Answer:
    place = _place(source)
    content = bytearray()
    with (
        naming(source),
        session.get(
            address, headers=_headers(source), auth=_auth(source), timeout=SECONDS, stream=True, allow_redirects=False
        ) as answer,
    ):
        refuse(source, answer)
        for block in answer.iter_content(BLOCK):
            content += block
            if len(content) > MOST_BYTES:
                raise PullError(f"{place}: an answer is larger than {MOST_BYTES >> 20} MB: ask for fewer rows a page")
        link = answer.links.get("next", {}).get("url")
    try:
        # Digits stay as they are written.
        return Answer(json.loads(content, parse_float=str, parse_constant=_no_number), link)
    except (ValueError, RecursionError):
        raise PullError(f"{place}: it answers no JSON: correct uri, or what the server needs to answer so") from None


def rows_of(source: SourceFiles, answer: Answer) -> list[dict[str, Any]]:
    """Raises PullError where there is no list of objects."""
    path, body = _pages(source).rows, answer.body
    rows = value_at(body, path) if path else body
    if rows is None and path and isinstance(body, dict):
        rows = [] if _has(body, path) else None
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        keys = f"; it has {', '.join(map(str, body))[:200]}" if isinstance(body, dict) else ""
        where = f"in {path} of its answer" if path else "in its answer, which is a list then"
        place = _place(source)
        raise PullError(f"{place}: no list of objects is {where}{keys}: correct pages.rows in mapping.yaml")
    return rows


def _next(source: SourceFiles, address: str, answer: Answer) -> str | None:
    pages, body = _pages(source), answer.body
    if pages.page_parameter:
        page = dict(parse_qsl(urlsplit(address).query)).get(pages.page_parameter, "1")
        is_last = not (value_at(body, pages.rows) if pages.rows else body)
        return None if is_last else with_parameter(address, pages.page_parameter, str(int(page) + 1))
    if pages.next_token:
        token = value_at(body, pages.next_token)
        is_last = token in (None, "", False) or not pages.token_parameter
        return None if is_last else with_parameter(address, str(pages.token_parameter), str(token))
    following = value_at(body, pages.next_address) if pages.next_address else answer.link
    return _as_safe(urljoin(address, str(following)), str(source.uri)) if following else None


def value_at(body: Any, path: str) -> Any:
    """None where there is no such key."""
    for key in path.split("."):
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _has(body: Mapping[str, Any], path: str) -> bool:
    """Whether the key is there, though without a value: an empty list is written as null, too."""
    *outer, last = path.split(".")
    inside = value_at(body, ".".join(outer)) if outer else body
    return isinstance(inside, dict) and last in inside


def _place(source: SourceFiles) -> str:
    return f"source {source.name}: {place_of(str(source.uri))}"


def _host(address: str) -> tuple[str, str, int | None]:
    parts = urlsplit(address)
    return parts.scheme, str(parts.hostname), parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _as_safe(address: str, uri: str) -> str:
    """A shop behind a proxy says http of itself: the same host is asked as it was before, and no other way."""
    parts, own = urlsplit(address), urlsplit(uri)
    is_same = parts.hostname == own.hostname and parts.port in (None, own.port)
    return parts._replace(scheme=own.scheme, netloc=own.netloc).geturl() if is_same else address


def _changed(pages: Pages, row: Mapping[str, Any]) -> datetime | None:
    """None where the row does not say it."""
    try:
        moment = datetime.fromisoformat(str(value_at(row, str(pages.changed))).strip())
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _headers(source: SourceFiles) -> dict[str, str]:
    token, name = os.environ.get(variable(source.name, "token")), _pages(source).token_header
    own = {name: f"Bearer {token}" if name.lower() == "authorization" else token} if token else {}
    return {"Accept": "application/json", **own}


def _auth(source: SourceFiles) -> Any:
    user, password = (os.environ.get(variable(source.name, what)) for what in ("user", "password"))
    return (user, password or "") if user else as_it_is


def _no_number(text: str) -> None:
    raise ValueError(text)
