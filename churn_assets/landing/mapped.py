"""SQL that makes rows of a raw table of rows of a foreign file, by `mapping.yaml`.

The result has the columns of the raw contract, as text or in the type of the file, and is read as if a file of the
landing held it (landing/relation.py): the same rules, quarantine, versions and account of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from glob import glob, has_magic
from pathlib import Path

from churn_assets.contracts.raw import RawTable
from churn_assets.landing.csv import FILE
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import PATTERN, READ, DataFile, data_file, natural_order
from churn_assets.landing.lookups import number_sql, sum_of
from churn_assets.landing.pulled import pulled_files
from churn_assets.landing.repeated import known_after
from churn_assets.landing.text import identifier, literal
from churn_assets.settings.mapping import EMPTY, FILLED, ColumnFrom, SourceFiles, SourceMapping, TableFrom

NESTED = ("STRUCT", "MAP", "UNION", "JSON")
EACH = "landing_each"
HASH_DIGITS = 32
Columns = Mapping[str, tuple[str, str]]  # lower case -> name in the file, type


@dataclass(frozen=True)
class Foreign:
    """The mapping, and the folder that its paths are relative to."""

    mapping: SourceMapping = field(default_factory=SourceMapping)
    folder: Path = Path()

    def sources(self, table: str) -> Iterator[SourceFiles]:
        """The sources that feed a raw table."""
        return (source for source in self.mapping.sources if table in source.tables)

    def lookup_files(self, source: SourceFiles) -> dict[str, list[DataFile]]:
        """The files of each lookup of a source. Raises LandingError as `files_of` does."""
        return {
            name: files_matching(lookup.files, f"source {source.name}: lookups.{name}", self.folder)
            for name, lookup in source.lookups.items()
        }

    def files(self, table: str, source: SourceFiles) -> list[DataFile]:
        """The files of a source with rows of a raw table. Raises LandingError as `files_of` does."""
        if source.is_pulled:
            return pulled_files(self.folder, table, source.name)
        return files_of(source, self.folder)


@dataclass(frozen=True)
class MappedRows:
    """`sql`: a parenthesised query; `columns`: those of the raw contract it has, with their types."""

    sql: str
    columns: Columns
    drops_rows: bool


def files_of(source: SourceFiles, folder: Path) -> list[DataFile]:
    """Raises LandingError where there is none, or one that is not read."""
    return files_matching(source.files or "", f"source {source.name}", folder)


def files_matching(files: str, place: str, folder: Path) -> list[DataFile]:
    """The same of what is called `place` in messages."""
    pattern = str(folder / Path(files).expanduser())
    matching = glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    paths = sorted((Path(path) for path in matching), key=natural_order)
    data_files = []
    for path in paths if has_magic(pattern) else [Path(pattern)]:
        if not path.is_file():
            if has_magic(pattern):
                continue  # a folder that the pattern matches as well
            raise LandingError(f"{place}: {path} is not a file; correct files in mapping.yaml")
        file = data_file(path)
        if file is None:
            raise LandingError(f"{place}: {path} is not read ({READ} are): save it as one of these")
        if PATTERN & set(str(path)):
            raise LandingError(f"{path} has *, ? or [ in its name, which would be read as a pattern: rename it")
        data_files.append(file)
    if not data_files:
        raise LandingError(f"{place}: no file matches {pattern}; correct files in mapping.yaml")
    return data_files


def mapped_rows(
    table: RawTable, source: SourceFiles, base: str, columns: Columns, files: Mapping[Path, Path]
) -> MappedRows:
    """Rows of `table` in the files of one shape that `base` reads (`files`: path it is read from -> the file itself).

    Raises LandingError for a column they lack; one that is not required is unknown in them then.
    """
    made_from = source.tables[table.name]
    reader = _Reader(source, made_from, columns, files)
    selected, types = [], {}
    for name, made in made_from.columns.items():
        is_required = any(column.name == name and column.is_required for column in table.columns)
        if not is_required and not reader.has_all(made):
            continue
        selected.append(f"{reader.value(made)} as {identifier(name)}")
        types[name] = (name, reader.type_of(made))
    rows = base
    if made_from.each:
        element = f"unnest(json_extract(try_cast({reader.text(made_from.each)} as json), '$[*]'))"
        rows = f"(select *, {element} as {EACH} from {rows})"
    conditions = [reader.condition(name, words) for name, words in made_from.only.items()]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    sql = f"select {', '.join(selected)}, {FILE} from {rows}{where}"
    if made_from.once_per:
        values = ", ".join(identifier(name) for name in types)
        # Which row is kept does not depend on the order in which threads deliver rows.
        order = ", ".join(f"{identifier(name)} nulls last" for name in types)
        key = reader.text(made_from.once_per)
        sql = (
            f"select {values}, {FILE} from "
            f"(select {', '.join(selected)}, {FILE}, {key} as landing_once from {rows}{where}) qualify "
            f"landing_once is null or row_number() over (partition by {FILE}, landing_once order by {order}) = 1"
        )
    return MappedRows(f"({sql})", types, drops_rows=bool(where or made_from.once_per or made_from.each))


@dataclass(frozen=True)
class _Reader:
    source: SourceFiles
    made_from: TableFrom
    columns: Columns
    files: Mapping[Path, Path]

    def has_all(self, made: ColumnFrom) -> bool:
        if made.sum:
            return True  # with_lookups has it, or has said that it is not there
        if made.first_of:
            return any(self._place(name) for name in made.first_of)
        return all(self._place(name) for name in made.columns)

    def type_of(self, made: ColumnFrom) -> str:
        place = self._place(made.column) if made.is_plain and made.column else None
        if place is None or place[1] or _is_nested(place[0][1]):
            return "VARCHAR"
        return place[0][1]

    def value(self, made: ColumnFrom) -> str:
        """SQL of the value, as text unless it is a column as it stands."""
        if made.is_plain and self.type_of(made) != "VARCHAR":
            return identifier(self._needed(str(made.column))[0][0])
        text = self._made(made)
        if made.divide_by:
            # The text stays where it is no number, so that the rules of the contract name it.
            quotient = f"cast({self._number_in(text)} / {made.divide_by!r} as varchar)"
            text = f"coalesce({self._written(quotient)}, {text})"
        if made.epoch:
            unit = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}[made.epoch]
            moment = f"make_timestamp(cast(try_cast({text} as double) * {unit} as bigint))"
            text = f"coalesce(strftime({moment}, '%Y-%m-%d %H:%M:%S.%fZ'), {text})"
        if made.format:
            time = f"try_strptime(trim({text}), {literal(made.format)})"
            text = f"coalesce(strftime({time}, '%Y-%m-%d %H:%M:%S.%f'), {text})"
        if made.words or made.otherwise is not None:
            cases = " ".join(
                f"when {literal(word.strip().lower())} then {literal(meaning)}" for word, meaning in made.words.items()
            )
            rest = text if made.otherwise is None else literal(made.otherwise)
            text = f"case lower(trim(coalesce({text}, ''))) {cases} else {rest} end" if cases else rest
        return text

    def condition(self, name: str, words: str | tuple[str, ...]) -> str:
        text = f"coalesce(trim({self.text(name)}), '')"
        if words == FILLED:
            return f"{text} <> ''"
        if words == EMPTY:
            return f"{text} = ''"
        wanted = (words,) if isinstance(words, str) else words
        return f"lower({text}) in ({', '.join(literal(word.strip().lower()) for word in wanted)})"

    def text(self, name: str) -> str:
        """SQL of a column of the file, or of a key inside one, as text."""
        (column, kind), path = self._needed(name)
        bare = EACH if column == EACH else identifier(column)
        if path:
            document = f"to_json({bare})" if column != EACH and _is_nested(kind) else f"try_cast({bare} as json)"
            parts = path.replace('"', "").split(".")
            steps = "".join(f"[{part}]" if part.isdecimal() else f'."{part}"' for part in parts)
            return f"json_extract_string({document}, {literal('$' + steps)})"
        if column == EACH:
            return f"json_extract_string({bare}, '$')"
        if _is_nested(kind):
            return f"cast(to_json({bare}) as varchar)"
        return bare if kind == "VARCHAR" else f"cast({bare} as varchar)"

    def _made(self, made: ColumnFrom) -> str:  # noqa: PLR0911 - one line per kind
        if made.constant is not None:
            return literal(made.constant)
        if made.first_of:
            known = [self.text(name) for name in made.first_of if self._place(name)]
            return f"coalesce({', '.join(f'''nullif(trim({text}), '')''' for text in known)})"
        if made.join:
            parts = [f"nullif(trim({self.text(name)}), '')" for name in made.join]
            return f" || {literal(made.between)} || ".join(parts)
        if made.sum:
            name = made.sum[0].partition(".")[0]
            return self.text(sum_of(name, tuple(part.partition(".")[2] for part in made.sum)))
        if made.multiply:
            product = " * ".join(self._number_in(self.text(name)) for name in made.multiply)
            return self._written(f"cast({product} as varchar)")
        if made.file_time:
            times = " ".join(f"when {literal(path)} then '{known_after(file)}Z'" for path, file in self.files.items())
            return f"case {FILE} {times} end"
        if made.hash:
            address = f"nullif(lower(trim({self.text(made.hash)})), '')"
            return f"left(sha256({address}), {HASH_DIGITS})"
        if made.param:
            return self._param(made.param)
        return self.text(str(made.column))

    def _number_in(self, text: str) -> str:
        return number_sql(text, self.source)

    def _written(self, number: str) -> str:
        """SQL of a number worked out here, in the notation in which all numbers of the source are read."""
        return f"replace({number}, '.', ',')" if self.source.decimal_separator == "," else number

    def _param(self, key: str) -> str:
        """Of GA4's list of {key, value: {string_value, int_value, ...}}."""
        listed = f"json_extract(try_cast({self.text('event_params')} as json), '$[*]')"
        chosen = f"list_filter({listed}, lambda each: json_extract_string(each, '$.key') = {literal(key)})[1]"
        kinds = ("string_value", "int_value", "double_value", "float_value")
        return f"coalesce({', '.join(f'''json_extract_string({chosen}, '$.value.{kind}')''' for kind in kinds)})"

    def _needed(self, name: str) -> tuple[tuple[str, str], str]:
        place = self._place(name)
        if place is None:
            near = get_close_matches(name.strip().lower(), list(self.columns), 1)
            known = ", ".join(self.columns)
            hint = f"; did you mean {self.columns[near[0]][0]}?" if near else f"; it has {known}"
            file = next(iter(self.files.values()))
            raise LandingError(f"source {self.source.name}: {file} has no column {name}{hint} (mapping.yaml)")
        return place

    def _place(self, name: str) -> tuple[tuple[str, str], str] | None:
        """The column, with its type, and the path inside it."""
        lowered = name.strip().lower()
        if lowered in self.columns:
            return self.columns[lowered], ""
        root, dot, path = name.strip().partition(".")
        if self.made_from.each and root.lower() == self.made_from.each.strip().lower():
            return (EACH, "JSON"), path
        if dot and root.lower() in self.columns:
            return self.columns[root.lower()], path
        return None


def _is_nested(kind: str) -> bool:
    return kind.startswith(NESTED) or kind.endswith("[]")
