"""Files at HTTPS addresses and in object stores as S3 has them, fetched whole into a folder, if they have changed.

Whether one has changed says its server: by ETag or time, else it is fetched each time.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

from churn_assets.landing.files import PATTERN, READ, DataFile, data_file
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.fetched import Fetched, as_it_is, naming, place_of, refuse
from churn_assets.pulling.pages import fetch_pages, first_answer, rows_of
from churn_assets.settings.mapping import SourceFiles
from churn_assets.settings.pulled import variable

SECONDS, BLOCK = 30, 1 << 20


def fetch(source: SourceFiles, folder: Path, seen: Mapping[str, str]) -> Fetched:
    """The files of a source that differ from the versions `seen`. Raises PullError."""
    if source.pages:
        return fetch_pages(source, folder, seen)
    uri = str(source.uri)
    return _from_s3(source, uri, folder, seen) if uri.startswith("s3://") else _by_http(source, uri, folder, seen)


def answers(source: SourceFiles) -> None:
    """Raises PullError where a file is not there or cannot be fetched; no file is fetched."""
    uri = str(source.uri)
    if source.pages:
        rows_of(source, first_answer(source))
        return
    if uri.startswith("s3://"):
        with naming(source):
            _found(source, uri)
        return
    with naming(source), _get(source, uri, {}) as answer:
        refuse(source, answer)


def _by_http(source: SourceFiles, uri: str, folder: Path, seen: Mapping[str, str]) -> Fetched:
    file = _readable(source, uri, folder)
    known = seen.get(uri, "")
    kind, _, version = known.partition(" ")
    asked = {"etag": "If-None-Match", "time": "If-Modified-Since"}
    with naming(source), _get(source, uri, {asked[kind]: version} if kind in asked else {}) as answer:
        if answer.status_code == requests.codes.not_modified:
            return Fetched((), {uri: known})
        refuse(source, answer)
        with file.path.open("wb") as target:
            for block in answer.iter_content(BLOCK):
                target.write(block)
        etag, changed = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        if changed:
            written = parsedate_to_datetime(changed).timestamp()
            os.utime(file.path, (written, written))
    tag = f"etag {etag}" if etag else f"time {changed}" if changed else ""
    return Fetched((file,), {uri: tag})


def _get(source: SourceFiles, uri: str, headers: Mapping[str, str]) -> requests.Response:
    """A file packed with gzip stays packed. Whoever is redirected elsewhere takes no password along (requests)."""
    token = os.environ.get(variable(source.name, "token"))
    user, password = (os.environ.get(variable(source.name, what)) for what in ("user", "password"))
    own = {"Accept-Encoding": "identity", **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    return requests.get(
        uri, headers=own, auth=(user, password or "") if user else as_it_is, stream=True, timeout=SECONDS
    )


def _from_s3(source: SourceFiles, uri: str, folder: Path, seen: Mapping[str, str]) -> Fetched:
    files, tags = [], {}
    with naming(source):
        store, objects = _found(source, uri)
        for number, each in enumerate(objects):
            tag = f"{each.mtime_ns} {each.size}"
            tags[each.path] = tag
            if seen.get(each.path) == tag:
                continue
            own = folder / f"{number:06d}"  # objects of several folders may share a name
            own.mkdir()
            file = _readable(source, each.path, own)
            with store.open_input_stream(each.path, compression=None) as stream, file.path.open("wb") as target:
                while block := stream.read(BLOCK):
                    target.write(block)
            if each.mtime:
                os.utime(file.path, (each.mtime.timestamp(),) * 2)
            files.append(file)
    return Fetched(tuple(files), tags)


def _found(source: SourceFiles, uri: str) -> tuple[Any, list[Any]]:
    """The store, and its objects that the URI names, in order of their paths. Raises PullError where there is none."""
    from pyarrow import fs  # noqa: PLC0415 - 0.3 s, and most sources are none of S3

    parts = urlsplit(uri)
    options = dict(parse_qsl(parts.query))
    key, secret = (os.environ.get(variable(source.name, what)) for what in ("user", "password"))
    if key and secret:
        options |= {"access_key": key, "secret_key": secret}
    store = fs.S3FileSystem(**options, connect_timeout=SECONDS, request_timeout=SECONDS)
    path = f"{parts.netloc}{unquote(parts.path)}"
    folder = PurePosixPath(re.split(r"[*?\[]", path, maxsplit=1)[0] + "x").parent
    if not PATTERN & set(path):
        objects = [info for info in store.get_file_info([path]) if info.type == fs.FileType.File]
    else:
        listed = store.get_file_info(fs.FileSelector(str(folder), recursive=True, allow_not_found=True))
        objects = [info for info in listed if info.is_file and fnmatch.fnmatchcase(info.path, path)]
    if not objects:
        raise PullError(f"source {source.name}: {place_of(uri)}: no such object is there: correct uri in mapping.yaml")
    return store, sorted(objects, key=lambda info: str(info.path))


def _readable(source: SourceFiles, address: str, folder: Path) -> DataFile:
    """Where the file is put, under the name that it has there."""
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    file = data_file(folder / name) if name and not PATTERN & set(name) else None
    if file is None:
        raise PullError(
            f"source {source.name}: {place_of(address)} is not read ({READ} are): give it such a name there"
        )
    return file
