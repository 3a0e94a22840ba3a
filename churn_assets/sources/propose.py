"""What files of an unknown system probably are: a proposal for mapping.yaml, from headers and a sample of rows.

By names (headers.yaml) and by values: a column called Date that holds no date is none. Nothing is written here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from churn_assets.contracts.raw import raw_table
from churn_assets.sources.beside import complete_from_others
from churn_assets.sources.consent_columns import consents_of
from churn_assets.sources.fit import NUMBERS, Made, Part, Sample, fitted
from churn_assets.sources.lines import complete_orders, lines_of
from churn_assets.sources.nested import parts_by_parent, parts_in_lists, with_inner_columns
from churn_assets.sources.values import number_form, time_form

# What a table cannot do without, besides its required columns, so that it is not taken for another.
TELLING = {
    "events": ("event_type",), "products": ("name", "price"), "users": ("email", "phone", "registered_at"),
    "reviews": ("rating",), "support_tickets": ("topic", "satisfaction"), "consents": ("channel",),
    "contacts": ("campaign_id",),
}  # fmt: skip
FEWEST = 2  # columns, without which a file is like no table
ONE_PER_ROW = {"users": "user_id", "products": "product_id"}
# Of tables that fit, the first wins: what names more of its own comes before what fits nearly every file.
ORDER = ("returns", "reviews", "surveys", "consents", "contacts", "orders", "support_tickets", "coupons", "events",
         "order_items", "products", "users")  # fmt: skip
# GA4 has them inside lists.
GA4: Mapping[str, Made] = {
    "session_id": {"param": "ga_session_id"}, "search_query": {"param": "search_term"},
    "product_id": {"column": "items.0.item_id"}, "category": {"column": "items.0.item_category"},
}  # fmt: skip


@dataclass(frozen=True)
class Proposal:
    """`sources`: entries of mapping.yaml; `notes`: what a person should look at; `unread`: files without a table."""

    sources: tuple[Made, ...]
    notes: tuple[str, ...]
    unread: tuple[str, ...] = ()


def propose(samples: Sequence[Sample]) -> Proposal:
    """For all files together, since a user needs the same id in each of them."""
    samples = [with_inner_columns(sample) for sample in samples]
    parts = {sample.name: _parts(sample, samples) for sample in samples}
    notes = _one_form_of_ids([part for each in parts.values() for part in each])
    sources: list[Made] = []
    unread = []
    looked_up = {
        lookup["files"] for each in parts.values() for part in each for lookup in _lookups(part.sample).values()
    }
    for sample in samples:
        sources += _sources(parts[sample.name])
        notes += [note for part in parts[sample.name] for note in _doubts(part)]
        if not parts[sample.name] and sample.files not in looked_up:
            unread.append(f"{sample.files}: {_nearest(sample)}")
    return Proposal(tuple(sources), tuple(dict.fromkeys(notes)), tuple(unread))


def _parts(sample: Sample, samples: Sequence[Sample]) -> list[Part]:
    """The table that a file is, with what else its rows hold: lines of an order, consents of a customer."""
    if by_parent := parts_by_parent(sample):
        return by_parent
    candidates = (_candidate(sample, table, samples) for table in ORDER)
    main = next((part for part in candidates if _fits(part)), None)
    if main is None:
        return consents_of(sample, None)
    parts = [main]
    in_lists = list(parts_in_lists(main)) if main.table == "orders" else []
    if main.table == "orders" and not in_lists and (lines := lines_of(main)):
        parts.append(lines)
    parts += in_lists
    return [*parts, *consents_of(sample, main)] if main.table in ("orders", "users") else parts


def _candidate(sample: Sample, table: str, samples: Sequence[Sample] = ()) -> Part:
    part = fitted(sample, table)
    if table == "orders":
        complete_orders(part)
        complete_from_others(part, samples)
    if table == "consents":
        part.columns.setdefault("purpose", {"constant": "direct_marketing"})
    if table == "events" and "event_params" in sample.columns:
        part.columns |= {name: made for name, made in GA4.items() if "param" in made or "items" in sample.columns}
    return part


def _fits(part: Part) -> bool:
    telling = TELLING.get(part.table)
    if part.missing or (telling and not any(name in part.columns for name in telling)):
        return False
    if part.table in ONE_PER_ROW and not part.is_unique(ONE_PER_ROW[part.table]):
        return False
    # A file that names users is no list of products.
    return part.table != "products" or "user_id" not in fitted(part.sample, "orders").columns


def _nearest(sample: Sample) -> str:
    """Which table it nearly is, and what is missing for that."""
    parts = [part for table in ORDER if (part := _candidate(sample, table)).missing]
    listed = ", ".join(sample.columns[:12])
    nearest = min(parts, key=lambda part: (len(part.missing), -len(part.columns)), default=None)
    if nearest is None or len(nearest.columns) < FEWEST:
        return f"no raw table fits its columns {listed}"
    missing = ", ".join(nearest.missing)
    return f"it looks like {nearest.table}, and nothing in it can be {missing}; it has {listed}"


def _sources(parts: Sequence[Part]) -> Iterator[Made]:
    """One entry of mapping.yaml; a further one for each channel of consents but the first, since a source feeds a raw
    table once.
    """
    of_table: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        of_table[part.table].append(part)
    for number in range(max(map(len, of_table.values()), default=0)):
        sample = parts[0].sample
        chosen = [several[number] for several in of_table.values() if len(several) > number]
        name = f"{sample.name}_{chosen[0].columns['channel']['constant']}" if number else sample.name
        tables = {part.table: {**part.more, "columns": part.columns} for part in chosen}
        yield {"name": name, "files": sample.files, **sample.reading, **_numbers(sample, chosen), "tables": tables}


def _lookups(sample: Sample) -> Mapping[str, Made]:
    lookups: Mapping[str, Made] = sample.reading.get("lookups", {})
    return lookups


def _one_form_of_ids(parts: Sequence[Part]) -> list[str]:
    """Give a user the same id in all files: that of the shop, or one made of the e-mail address where orders have no
    other, or more files have that. Changes the parts, and returns what could not be made alike.
    """
    orders = [part for part in parts if part.table == "orders"]
    of_users = [part for part in parts if "user_id" in part.columns]
    if not orders:
        return []
    with_id = sum("hash" not in part.columns["user_id"] for part in of_users)
    with_address = sum(part.sample.address is not None for part in of_users)
    by_address = any("hash" in part.columns["user_id"] for part in orders) or (
        all(part.sample.address for part in orders) and with_address > with_id
    )
    notes = []
    for part in of_users:
        name, address = part.sample.name, part.sample.address
        if by_address and address:
            part.columns["user_id"] = {"hash": address}
        elif by_address:
            notes.append(
                f"{name}: it has no e-mail address, by which users of orders are known here: its {part.table} may be "
                "of nobody, which churn check says"
            )
        elif "hash" in part.columns["user_id"]:
            notes.append(
                f"{name}: it names users by e-mail only, and orders have an id: its {part.table} are of nobody until "
                "the export has the id"
            )
    return notes


def _numbers(sample: Sample, parts: Sequence[Part]) -> Made:
    """How the amounts of a source are written, where it is not the usual way."""
    values = [value for part in parts for column in _amounts(part) for value in sample.values(column)]
    form = number_form(values)
    if form is None:
        return {}
    made = {
        "decimal_separator": form.decimal_separator if form.decimal_separator != "." else "",
        "thousands_separator": form.thousands_separator,
        "currency_signs": list(form.signs),
    }
    return {name: value for name, value in made.items() if value}


def _amounts(part: Part) -> Iterator[str]:
    for name, made in part.columns.items():
        if raw_table(part.table).column(name).kind.startswith(NUMBERS):
            yield from made.get("multiply") or ([made["column"]] if "column" in made else [])


def _doubts(part: Part) -> Iterator[str]:
    name = part.sample.name
    for made in part.columns.values():
        header = made.get("column")
        form = time_form(part.sample.values(header)) if header and "format" in made else None
        if form and form.is_doubtful:
            yield (
                f"{name}: {header} is read with days before months ({made['format']}); correct it in mapping.yaml "
                "where months come first"
            )
    if part.columns.get("changed_at", {}).get("file_time"):
        yield f"{name}: it does not say since when consents hold: they count from the day on which the file was written"
    if sums := part.columns.get("amount", {}).get("sum"):
        yield f"{name}: it has no sum of an order: {' times '.join(sums)} of all rows with its id is taken"
    lookup, _, of_user = str(part.columns.get("user_id", {}).get("column")).partition(".")
    if lookup in _lookups(part.sample):
        yield f"{name}: no user comes twice by its own ids, so users are known by {of_user} of {lookup}"
    if amounts := part.columns.get("amount", {}).get("multiply"):
        yield f"{name}: it has no sum of an order: {' times '.join(amounts)} of all its lines is taken"
    if part.columns.get("order_id", {}).get("join"):
        yield f"{name}: orders have no number: what a user bought at one time is taken as one order"
    if len(_numbers(part.sample, [part]).get("currency_signs", [])) > 1:
        yield f"{name}: amounts are in several currencies, which cannot be added up"
