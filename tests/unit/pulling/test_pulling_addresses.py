"""Files at addresses: by HTTP from a server of the test, and from one that speaks as much of S3 as pyarrow asks for."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.health import health
from churn_assets.pulling.pull import newest_readings, pull
from churn_assets.settings.load import SettingsError
from churn_assets.settings.mapping import mapping_of

HEADER = "number;customer;date;total\n"
LINES = [f"o{n};u{n % 5};0{1 + n % 9}.02.2026 10:00;{n},50\n" for n in range(40)]
TABLE = {"columns": {"order_id": "number", "user_id": "customer", "amount": "total",
    "ordered_at": {"column": "date", "format": "%d.%m.%Y %H:%M"}}}  # fmt: skip
Address = Callable[..., Home]


@pytest.fixture
def at(tmp_path: Path) -> Address:
    def make(uri: str, table: dict[str, Any] | None = None) -> Home:
        home = Home(tmp_path / "home")
        home.root.mkdir(exist_ok=True)
        source = {
            "name": "shop",
            "uri": uri,
            "decimal_separator": ",",
            "tables": {"orders": {**TABLE, **(table or {})}},
        }
        home.mapping_file.write_text(yaml.safe_dump({"sources": [source]}))
        return Home(home.root).prepare()

    return make


def orders(home: Home) -> pl.DataFrame:
    with duck() as connection:
        landed = of_home.landed(home).tables["orders"]
        columns = "order_id, amount, ordered_at, is_purchase, refused_because, known_at"
        return connection.sql(f"select {columns} from {landed.scan} order by all").pl()


def serve(server: HTTPServer, lines: list[str], path: str = "/orders.csv.gz") -> None:
    """With an ETag, which a second question is answered by."""
    content = gzip.compress((HEADER + "".join(lines)).encode(), mtime=0)
    tag = f'"{hashlib.sha256(content).hexdigest()}"'

    def answer(request: Request) -> Response:
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304)
        return Response(content, headers={"ETag": tag})

    server.clear()
    server.expect_request(path).respond_with_handler(answer)


def read(home: Home) -> tuple[int, int]:
    (table,) = pull(home)
    return table.rows, table.gone


def test_a_file_is_read_again_only_when_it_has_changed(httpserver: HTTPServer, at: Address) -> None:
    serve(httpserver, LINES)
    home = at(httpserver.url_for("/orders.csv.gz"))
    assert read(home) == (40, 0)
    first = orders(home).row(0, named=True)
    assert (first["order_id"], first["amount"], first["refused_because"]) == ("o0", 0.5, None)
    assert first["known_at"] == first["ordered_at"]
    before = newest_readings(home)["shop"]
    assert read(home) == (0, 0)
    assert [response.status_code for _, response in httpserver.log] == [200, 304]
    assert newest_readings(home)["shop"] > before

    serve(httpserver, [*LINES[:39], "o39;u1;01.02.2026 10:00;99,00\n", "o40;u1;01.02.2026 10:00;1,00\n"])
    assert read(home) == (2, 0)
    new = orders(home).filter(pl.col("known_at") > before)
    assert new.select("order_id", "amount").rows() == [("o39", 99.0), ("o40", 1.0)]
    assert new["known_at"].unique().to_list() == [newest_readings(home)["shop"]]


def test_what_is_gone_counts_only_where_the_file_holds_everything(httpserver: HTTPServer, at: Address) -> None:
    for holds_everything, gone in ((False, 0), (True, 1)):
        serve(httpserver, LINES)
        home = at(httpserver.url_for("/orders.csv.gz"), {"holds_everything": holds_everything})
        read(home)
        serve(httpserver, LINES[1:])
        assert read(home) == (0, gone)
    assert orders(home).filter(pl.col("order_id") == "o0").sort("known_at")["is_purchase"].to_list() == [True, False]


def test_a_file_that_breaks_off_leaves_nothing_behind(httpserver: HTTPServer, at: Address) -> None:
    content = gzip.compress((HEADER + "".join(LINES)).encode())

    class CutOff(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:50])

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), CutOff) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        home = at(f"http://127.0.0.1:{server.server_port}/orders.csv.gz")
        with pytest.raises(PullError, match=r"source shop: .*/orders.csv.gz cannot be fetched .* then churn pull"):
            pull(home)
        server.shutdown()
    assert not list(home.pulled.rglob("*"))
    httpserver.expect_request("/orders.csv.gz").respond_with_data(content[:50])
    home = at(httpserver.url_for("/orders.csv.gz"))
    with pytest.raises(PullError, match=r"source shop: orders.csv.gz"):
        pull(home)
    assert not list(home.pulled.rglob("*"))


def test_who_asks_is_said_by_the_environment(
    httpserver: HTTPServer, at: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/a.csv", headers={"Authorization": "Bearer t0ken"}).respond_with_data(HEADER + LINES[0])
    httpserver.expect_request("/a.csv").respond_with_data("", status=401)
    home = at(httpserver.url_for("/a.csv"))
    with pytest.raises(PullError, match=r"closed to who asks \(401\): set CHURN_SOURCE_SHOP_USER"):
        pull(home)
    assert "closed to who asks" in str(health(home)[0].problem)
    monkeypatch.setenv("CHURN_SOURCE_SHOP_TOKEN", "t0ken")
    assert read(home) == (1, 0)
    assert health(home)[0].problem is None


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://files.example.org/a.csv", "write https"),
        ("https://ann:s3cret@files.example.org/a.csv", "has a user or a password"),
        ("https://files.example.org/a.csv?X-Amz-Signature=s3cret", "has a user or a password"),
        ("https://files.example.org/*.csv", "a pattern is for s3 only"),
        ("ftp://files.example.org/a.csv", "none of https and s3"),
    ],
)
def test_an_address_that_is_none_is_named_and_not_repeated(uri: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as refused:
        mapping_of({"sources": [{"name": "shop", "uri": uri, "tables": {"orders": TABLE}}]}, Path("mapping.yaml"))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(("path", "message"), [("/a.xlsx", "is not read"), ("/b.csv", r"no such file \(404\)")])
def test_what_is_not_there_or_not_read_is_named(httpserver: HTTPServer, at: Address, path: str, message: str) -> None:
    httpserver.expect_request("/b.csv").respond_with_data("", status=404)
    with pytest.raises(PullError, match=message):
        pull(at(httpserver.url_for(path)))


class Store:
    """A bucket: what pyarrow asks of one to list, look at and read its objects. Signatures are not checked."""

    def __init__(self, server: HTTPServer) -> None:
        self.objects: dict[str, bytes] = {}
        self.read: list[str] = []
        server.expect_request(r"/shop", method="GET").respond_with_handler(self.listed)
        server.expect_request("/shop/", method="GET").respond_with_handler(self.listed)
        server.expect_request(re.compile(r"/shop/.+")).respond_with_handler(self.object)

    def listed(self, request: Request) -> Response:
        prefix = request.args.get("prefix", "")
        entries = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-11-01T00:00:{len(content) % 60:02d}.000Z</LastModified>"
            f"<ETag>x</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.objects.items()) if key.startswith(prefix)
        )  # fmt: skip
        return Response(
            f"<ListBucketResult><Name>shop</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>",
            content_type="application/xml",
        )

    def object(self, request: Request) -> Response:
        key = request.path.removeprefix("/shop/")
        if key not in self.objects:
            return Response(status=404)
        content = self.objects[key]
        if request.method == "GET":
            self.read.append(key)
        stamp = f"Sun, 01 Nov 2026 00:00:{len(content) % 60:02d} GMT"
        return Response(content, headers={"Last-Modified": stamp, "ETag": '"x"', "Content-Length": str(len(content))})


def test_objects_of_a_store_that_match_are_read_and_later_only_new_ones(
    httpserver: HTTPServer, at: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURN_SOURCE_SHOP_USER", "key")
    monkeypatch.setenv("CHURN_SOURCE_SHOP_PASSWORD", "s3cret")
    store = Store(httpserver)
    store.objects = {
        "exports/2026/orders_1.csv": (HEADER + "".join(LINES[:20])).encode(),
        "exports/2026/readme.txt": b"nothing",
    }
    where = f"endpoint_override=127.0.0.1:{httpserver.port}&scheme=http&region=eu-central-1"
    home = at(f"s3://shop/exports/*/orders_*.csv?{where}")
    assert read(home) == (20, 0)
    store.objects["exports/2026/orders_2.csv"] = (HEADER + "".join(LINES[20:])).encode()
    store.read.clear()
    assert health(home)[0].problem is None
    assert read(home) == (20, 0)
    assert set(store.read) == {"exports/2026/orders_2.csv"}
    assert orders(home).height == 40
    one = at(f"s3://shop/exports/2026/orders_3.csv?{where}")
    with pytest.raises(PullError, match="no such object is there"):
        pull(one)
