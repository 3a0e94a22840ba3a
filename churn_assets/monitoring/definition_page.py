"""The definitions of leaving on one page that can be sent to somebody: aggregates only, pictures within, no script."""

from __future__ import annotations

import base64
from datetime import date
from html import escape

import polars as pl

from churn_assets.monitoring.definition_plots import agreement_png, base_rate_png, returns_png
from churn_assets.monitoring.definition_tables import TextTable, text_tables

STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}"
    "th:first-child,td:first-child{text-align:left}p.note{color:#666;font-size:13px}img{max-width:49%}"
)


def definitions_page(frame: pl.DataFrame, *, snapshot: date, chosen: str, window: str) -> str:
    """HTML of the table `churn_definitions` of one snapshot; `chosen` is the definition in use, `window` in words."""
    pictures = {"base rate": base_rate_png, "returns": returns_png, "agreement": agreement_png}
    images = "".join(
        f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(draw(frame)).decode()}">'
        for name, draw in pictures.items()
    )
    tables = "".join(_table(table) for table in text_tables(frame))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Definitions of leaving</title>'
        f"<style>{STYLE}</style>"
        f"<h1>Definitions of leaving, side by side</h1>"
        f"<p>As known at {snapshot}; {escape(window)}. In use: <b>{escape(chosen)}</b> (setting churn.definition).</p>"
        f"{images}{tables}</html>\n"
    )


def _table(table: TextTable) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in table.headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{body}</table><p class=note>{escape(table.note)}</p>"
