"""Which columns of which tables the columns of a query are made of. SQL in, names out, without dbt and Dagster.

Written for all columns at once: sqlglot's own `lineage` traverses the query for each, 90 s for this project (30.30).
Columns in filters, joins and groupings are no origins; columns in the ordering of a window are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

Origin = tuple[str, str, str]  # schema, table, column
Schema = Mapping[str, Mapping[str, Sequence[str]]]  # schema -> table -> columns


def column_origins(sql: str, schema: Schema) -> dict[str, list[Origin]]:
    """Per column of the query, in its order, the columns of tables it is made of, sorted."""
    known: dict[str, object] = {
        name: {table: dict.fromkeys(columns, "unknown") for table, columns in tables.items()}
        for name, tables in schema.items()
    }
    query = qualify(
        parse_one(sql, dialect="duckdb"),
        dialect="duckdb",
        schema=known,
        identify=False,
        # A row as a whole, `hash(candidates)`, is no column; an unknown name has no origins.
        validate_qualify_columns=False,
    )
    scopes = traverse_scope(query)
    finder = _OriginFinder({id(scope.expression): scope for scope in scopes})
    return {
        column.alias_or_name: sorted(finder.origins(scopes[-1], column.alias_or_name))
        for column in _selects(scopes[-1])
    }


class _OriginFinder:
    """From the columns of a scope (a select, a union) to those of the tables below, each column once."""

    def __init__(self, scopes: Mapping[int, Scope]) -> None:
        self._scopes = scopes
        self._origins: dict[tuple[int, str], frozenset[Origin]] = {}

    def origins(self, scope: Scope, name: str) -> frozenset[Origin]:
        key = (id(scope.expression), name)
        if key not in self._origins:
            self._origins[key] = frozenset(self._of(scope, name))
        return self._origins[key]

    def _of(self, scope: Scope, name: str) -> Iterator[Origin]:
        if scope.set_operation_scopes:
            for branch, own_name in _branches(scope, name):
                yield from self.origins(branch, own_name)
            return
        for projection in _selects(scope):
            if projection.alias_or_name == name:
                yield from self._in(scope, projection)

    def _in(self, scope: Scope, expression: exp.Expr) -> Iterator[Origin]:
        """Origins of the columns in an expression; a query within it stands for what it selects."""
        for node in expression.walk(prune=lambda inner: isinstance(inner, exp.Query)):
            if isinstance(node, exp.Column):
                source = _source(scope, node.table)
                if isinstance(source, Scope):
                    yield from self.origins(source, node.name)
                elif isinstance(source, exp.Table) and source.db:
                    yield source.db, source.name, node.name
            elif isinstance(node, exp.Query):
                inner = self._scopes[id(node.unnest())]
                for projection in _selects(inner):
                    yield from self.origins(inner, projection.alias_or_name)


def _branches(scope: Scope, name: str) -> Iterator[tuple[Scope, str]]:
    """The parts of a union that have the column, and what each calls it."""
    left, right = scope.set_operation_scopes
    yield left, name
    names = [column.alias_or_name for column in _selects(right)]
    if scope.expression.args.get("by_name"):
        if name in names:
            yield right, name
    else:
        yield right, names[[column.alias_or_name for column in _selects(left)].index(name)]


def _source(scope: Scope, alias: str) -> exp.Expr | Scope | None:
    """The source of a column. A column of an undocumented table has no alias: it is resolved if there is one source."""
    sources = {name: source for name, (_, source) in scope.selected_sources.items()}
    return sources.get(alias) if alias or len(sources) != 1 else next(iter(sources.values()))


def _selects(scope: Scope) -> list[exp.Expr]:
    """What a query selects; a list of values selects nothing that has an origin."""
    return list(scope.expression.selects) if isinstance(scope.expression, exp.Query) else []
