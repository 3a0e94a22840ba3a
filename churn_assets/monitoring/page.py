"""A self-contained HTML page: aggregates only, embedded pictures, no script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape

from churn_assets.monitoring.definition_tables import TextTable

STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}"
    "th:first-child,td:first-child{text-align:left}p.note{color:#666;font-size:13px}img{max-width:49%}"
)


def page(title: str, heading: str, intro: str, pictures: Mapping[str, bytes], tables: Iterable[TextTable]) -> str:
    """`intro` is HTML already, everything else is text; `pictures`: alternative text -> PNG."""
    images = "".join(
        f'<img alt="{escape(name)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for name, png in pictures.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(heading)}</h1><p>{intro}</p>"
        f"{images}{''.join(map(_table, tables))}</html>\n"
    )


def _table(table: TextTable) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in table.headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{body}</table><p class=note>{escape(table.note)}</p>"
