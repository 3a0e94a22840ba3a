"""Rows at an address as a sample for `churn map`: a file, or the first page of a web API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from churn_assets.landing.files import data_file
from churn_assets.landing.samples import samples_of
from churn_assets.pulling.addresses import fetch
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.pages import Answer, first_answer, value_at, with_parameter
from churn_assets.settings.mapping import SourceFiles
from churn_assets.settings.pulled import checked_address
from churn_assets.sources.fit import Made, Sample

KNOWN = Path(__file__).with_name("apis.yaml")
NEXT_ADDRESS = ("next", "links.next", "_links.next.href", "next_url", "next_page_url", "paging.next", "meta.next",
                "pagination.next", "@odata.nextLink")  # fmt: skip
# What the next page is asked by, and in which parameter that usually goes.
NEXT_TOKEN = {"next_cursor": "cursor", "meta.next_cursor": "cursor", "paging.next_cursor": "cursor",
              "nextPageToken": "pageToken", "next_page_token": "page_token"}  # fmt: skip
NUMBERS_OF_PAGES = ("page", "page_number", "pageNumber", "p")


@dataclass(frozen=True)
class AddressSamples:
    """`source`: what of the entry in mapping.yaml is known before its columns; `file`: the rows that were fetched."""

    url: str
    source: Made
    samples: tuple[Sample, ...]
    file: Path
    notes: tuple[str, ...] = ()

    def has(self, proposed: Made) -> bool:
        """Whether a proposed source is of this address."""
        return bool(proposed["files"] == self.url)

    def shown(self, proposed: Made, folder: Path) -> Made:
        """The same as a source of files."""
        del folder
        return {**proposed, "files": str(self.file)}

    def written(self, proposals: Sequence[Made]) -> tuple[list[Made], list[str]]:
        """Entries of mapping.yaml, and what a person should look at."""
        return [{**self.source, "name": each["name"], **_without_files(each)} for each in proposals], list(self.notes)


def samples_of_address(url: str, folder: Path) -> AddressSamples:
    """What is there is fetched into `folder`. Raises PullError, LandingError."""
    try:
        checked_address(url)
    except ValueError as error:
        raise PullError(f"{error}.") from None
    folder.mkdir()
    name, known = _name(url), _known(url)
    if known is None and data_file(folder / Path(urlsplit(url).path).name) is not None:
        return _of_file(url, name, folder)
    return _of_api(url, name, known or {}, folder)


def _of_file(url: str, name: str, folder: Path) -> AddressSamples:
    (file, *_) = fetch(_source(name, url), folder, {}).files
    read = samples_of([str(file.path)])
    samples = tuple(replace(sample, name=name, files=url) for sample in read.samples)
    return AddressSamples(url, {"name": name, "uri": url}, samples, file.path, read.skipped)


def _of_api(url: str, name: str, known: Mapping[str, Any], folder: Path) -> AddressSamples:
    address = url
    for parameter, value in known.get("parameters", {}).items():
        if parameter not in dict(parse_qsl(urlsplit(address).query)):
            address = with_parameter(address, parameter, value)
    pages: dict[str, Any] = dict(known.get("pages", {}))
    answer = first_answer(_source(name, address, pages))
    if not known:
        pages = _looked_at(answer, address)
    rows = value_at(answer.body, pages["rows"]) if pages.get("rows") else answer.body
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    notes = list(_notes(name, pages, known, answer))
    if not rows:
        raise PullError(f"source {name}: {url.partition('?')[0]} has no rows yet, so nothing can be read off them.")
    samples = tuple(replace(sample, name=name, files=url) for sample in samples_of([str(file)]).samples)
    return AddressSamples(url, {"name": name, "uri": address, "pages": pages}, samples, file, tuple(notes))


def _looked_at(answer: Answer, address: str) -> dict[str, Any]:
    """Where rows are, and what leads to the next page. Raises PullError where there are no rows."""
    body = answer.body
    lists = [path for path in _paths(body) if _is_rows(value_at(body, path))]
    if not isinstance(body, list) and not lists:
        keys = f": it has {', '.join(body)[:200]}" if isinstance(body, dict) else ""
        raise PullError(f"{address.partition('?')[0]} gives no list of objects{keys}: write mapping.yaml by hand.")
    pages = {} if isinstance(body, list) else {"rows": max(lists, key=lambda path: len(value_at(body, path)))}
    if answer.link:
        return pages
    by_address = next((path for path in NEXT_ADDRESS if _is_address(value_at(body, path))), None)
    by_token = next((path for path in NEXT_TOKEN if value_at(body, path)), None)
    asked = dict(parse_qsl(urlsplit(address).query))
    number = next((name for name in NUMBERS_OF_PAGES if name in asked), None)
    if by_address:
        return pages | {"next_address": by_address}
    if by_token:
        return pages | {"next_token": by_token, "token_parameter": NEXT_TOKEN[by_token]}
    return pages | ({"page_parameter": number} if number else {})


def _notes(name: str, pages: Mapping[str, Any], known: Mapping[str, Any], answer: Answer) -> Iterator[str]:
    if known:
        yield f"{name}: it is read as {known['of']} answers"
        return
    if not (answer.link or {"next_address", "next_token", "page_parameter"} & pages.keys()):
        yield f"{name}: nothing in its answer leads to a next page: see whether this is all (pages in mapping.yaml)"
    if not pages.get("changed_since"):
        yield f"{name}: everything is read each time; pages.changed_since is for a server that gives what has changed"


def _paths(body: Any) -> list[str]:
    if not isinstance(body, dict):
        return []
    inner = [f"{key}.{own}" for key, value in body.items() if isinstance(value, dict) for own in value]
    return [*body, *inner]


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://", "/", "?"))


def _name(url: str) -> str:
    """Of a source: the shop, and what of it."""
    parts = urlsplit(url)
    host = str(parts.hostname).removeprefix("www.").split(".")[0]
    last = Path(parts.path).name.partition(".")[0]
    return re.sub(r"[^a-z0-9]+", "_", f"{host}_{last}".lower()).strip("_")[:40]


def _known(url: str) -> Mapping[str, Any] | None:
    for api in _apis():
        match = re.fullmatch(f".*{api['path']}/?", urlsplit(url).path)
        if match:
            rows = match.groupdict().get("rows")
            return {**api, "pages": {**api["pages"], **({"rows": rows} if rows else {})}}
    return None


@cache
def _apis() -> Sequence[Mapping[str, Any]]:
    content: Sequence[Mapping[str, Any]] = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))
    return content


def _source(name: str, url: str, pages: Mapping[str, Any] | None = None) -> SourceFiles:
    """As yet without columns that are known to be there."""
    columns = dict.fromkeys(("order_id", "user_id", "ordered_at", "amount"), "id")
    values = {"name": name, "uri": url, "tables": {"orders": {"columns": columns}}}
    return SourceFiles.model_validate(values | ({} if pages is None else {"pages": dict(pages)}))


def _without_files(made: Made) -> Made:
    return {key: value for key, value in made.items() if key not in ("name", "files")}
