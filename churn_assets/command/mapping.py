"""`churn map`: what files of another system hold, shown as rows of the raw tables, and written to mapping.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import yaml
from rich.table import Table

from churn_assets.command.onward import onward
from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.raw import RawTable, raw_contract
from churn_assets.duck import duck
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import PlainConsole, wide_console
from churn_assets.landing.contents import LandedTable, LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import survey
from churn_assets.landing.mapped import Foreign
from churn_assets.landing.samples import Samples, samples_of
from churn_assets.landing.text import identifier
from churn_assets.settings.load import values_of
from churn_assets.settings.mapping import mapping_of
from churn_assets.sources.propose import Proposal, propose

if TYPE_CHECKING:
    from churn_assets.pulling.address_samples import AddressSamples
    from churn_assets.pulling.samples import DatabaseSamples

    PulledSamples = AddressSamples | DatabaseSamples

SHOWN_ROWS, LONGEST = 10, 28
# An answer as it counts: most words for yes are none of DuckDB's.
AS_READ = {"is_granted": f"coalesce({', '.join(f'{channel}_consent' for channel in (*SENDING_CHANNELS, ALL))})"}
ADDRESSES = ("https://", "http://", "s3://")
DATABASES = ("postgres://", "postgresql://", "mysql://", "mariadb://")
HEADING = """\
# How files, databases and web APIs become raw tables; files are read where they lie. Proposed by churn map: correct
# it by hand, churn check says what is read then. What else can be stated: docs/engineer.md, "Files of other systems".
"""


class _Plain(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Without anchors, which people do not read."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def map_files(root: Path, places: Sequence[str], *, is_agreed: bool, is_dry: bool) -> bool:
    """Propose, show, and write after a yes; returns whether orders are among what is mapped. Raises LandingError."""
    home, console = Home(root), wide_console()
    pulled = [place for place in places if place.lower().startswith((*DATABASES, *ADDRESSES))]
    files = [place for place in places if place not in pulled]
    samples = samples_of(files) if files else Samples((), ())
    with TemporaryDirectory() as folder:
        return _map(home, console, samples, _samples_of(pulled, Path(folder)), is_agreed=is_agreed, is_dry=is_dry)


def _map(
    home: Home,
    console: PlainConsole,
    samples: Samples,
    of_pulled: Sequence[PulledSamples],
    *,
    is_agreed: bool,
    is_dry: bool,
) -> bool:
    proposal = propose([*samples.samples, *(sample for each in of_pulled for sample in each.samples)])
    for reason in (*samples.skipped, *proposal.unread):
        console.print(f"Not mapped: {reason}", markup=False, soft_wrap=True)
    if not proposal.sources:
        raise LandingError(
            "no raw table fits any of the files: write mapping.yaml by hand (docs/engineer.md), or name the columns as "
            "the raw contract does"
        )
    merged, notes = _merged(values_of(home.mapping_file), proposal, of_pulled)
    with TemporaryDirectory() as folder:
        contents = _surveyed(home, _as_shown(merged, proposal, of_pulled, Path(folder)))
        _show(console, contents, proposal, notes)
    has_orders = "orders" in contents.tables
    if not has_orders:
        console.print("No orders are among these files, and without orders nothing can run: map them as well.")
    if is_dry:
        console.print(_text(merged), markup=False, soft_wrap=True)
        return has_orders
    if not (is_agreed or _agrees(home.mapping_file)):
        console.print("Nothing was written.")
        return has_orders
    home.prepare()
    write_whole(home.mapping_file, lambda file: file.write_text(_text(merged), encoding="utf-8"))
    console.print(f"Written: {home.mapping_file}", markup=False, soft_wrap=True)
    step, note = ("pull", ", then churn check") if of_pulled else ("check", ", then churn run")
    console.print(onward(home.root, step, note=note), markup=False, soft_wrap=True)
    return has_orders


def _samples_of(urls: Sequence[str], folder: Path) -> list[PulledSamples]:
    """`folder`: for what is fetched."""
    if not urls:
        return []
    # What they read with takes 0.3 s to load.
    from churn_assets.pulling.address_samples import samples_of_address  # noqa: PLC0415
    from churn_assets.pulling.samples import samples_of_database  # noqa: PLC0415

    return [
        samples_of_database(url) if url.lower().startswith(DATABASES) else samples_of_address(url, folder / str(number))
        for number, url in enumerate(urls)
    ]


def _merged(
    values: Mapping[str, Any], proposal: Proposal, pulled: Sequence[PulledSamples]
) -> tuple[dict[str, Any], list[str]]:
    """The sources that are there already, those of the same name replaced, and the new ones; and notes on these."""
    sources = [source for source in proposal.sources if not any(each.has(source) for each in pulled)]
    notes = []
    for each in pulled:
        made, more = each.written([source for source in proposal.sources if each.has(source)])
        sources += made
        notes += more
    names = [source["name"] for source in sources]
    kept = [source for source in values.get("sources") or [] if source.get("name") not in names]
    return {**values, "sources": [*kept, *map(_short, sources)]}, notes


def _as_shown(
    merged: Mapping[str, Any], proposal: Proposal, pulled: Sequence[PulledSamples], folder: Path
) -> dict[str, Any]:
    """The mapping with files of sampled rows instead of what is pulled, of which nothing is read yet."""
    mapping_of(merged, Path("mapping.yaml"))  # as it will be written
    of_files = [source for source in merged["sources"] if "files" in source]
    samples = [each.shown(source, folder) for source in proposal.sources for each in pulled if each.has(source)]
    return {"sources": [*of_files, *map(_short, samples)]}


def _short(source: Mapping[str, Any]) -> dict[str, Any]:
    """A column as it stands is written as its name."""
    tables = {
        name: {
            **table,
            "columns": {
                column: made["column"] if list(made) == ["column"] else made
                for column, made in table["columns"].items()
            },
        }
        for name, table in source["tables"].items()
    }
    return {**source, "tables": tables}


def _text(mapping: Mapping[str, Any]) -> str:
    return HEADING + str(yaml.dump(mapping, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110))


def _surveyed(home: Home, merged: Mapping[str, Any]) -> LandingContents:
    """What the landing would be with the mapping, orders or not. Raises LandingError, SettingsError."""
    mapping = mapping_of(merged, home.mapping_file)
    return survey(
        home.landing, None, home.settings.landing, home.settings.features.extra,
        foreign=Foreign(mapping, home.root), needs_orders=False,
    )  # fmt: skip


def _show(console: PlainConsole, contents: LandingContents, proposal: Proposal, notes: Sequence[str]) -> None:
    """Ten rows of each table as they would be read, and what stays empty."""
    mapped = {name for source in proposal.sources for name in source["tables"]}
    with duck() as connection:
        for table in raw_contract():
            if table.name in mapped and table.name in contents.tables:
                _show_table(console, connection, contents.tables[table.name], proposal)
    for note in (*proposal.notes, *notes):
        console.print(f"Look at: {note}.", markup=False, soft_wrap=True)


def _show_table(
    console: PlainConsole, connection: duckdb.DuckDBPyConnection, landed: LandedTable, proposal: Proposal
) -> None:
    table = landed.table
    columns = [column for column in table.columns if column.name in landed.columns]
    selected = ", ".join(
        f"case when {identifier(c.name)} is not null then '(set)' end" if c.is_contact
        else f"cast({AS_READ.get(c.name, identifier(c.name))} as varchar)"
        for c in columns
    )  # fmt: skip
    rows = connection.execute(
        f"select {selected} from {landed.scan} where refused_because is null limit {SHOWN_ROWS}"
    ).fetchall()
    counts = connection.execute(
        f"select count(*), count(*) filter (refused_because is not null), mode(refused_because) from {landed.scan}"
    ).fetchone()
    total, refused, why = counts or (0, 0, None)
    of = ", ".join(source["name"] for source in proposal.sources if table.name in source["tables"])
    problem = f", {refused:,} refused ({why})" if refused else ""
    shown = Table(
        title=f"{table.name}, of {of}: {total:,} rows{problem}", title_justify="left", box=None, pad_edge=False
    )
    for column in columns:
        shown.add_column(column.name, no_wrap=True)
    for row in rows:
        shown.add_row(*("" if value is None else _cut(value) for value in row))
    console.print(shown)
    empty = _empty(table, landed)
    if empty:
        console.print(f"  stays empty: {', '.join(empty)}", markup=False, soft_wrap=True)


def _empty(table: RawTable, landed: LandedTable) -> list[str]:
    return [
        column.name for column in table.columns if column.name not in landed.columns and column.name != "ingested_at"
    ]


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"


def _agrees(file: Path) -> bool:
    try:
        return input(f"Write this to {file}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # without a terminal nobody says yes
        return False
