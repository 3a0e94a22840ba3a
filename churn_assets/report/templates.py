"""Pages from templates: whatever is filled in is text, and a name that is not given is an error."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def templates(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style(*files: Path) -> Markup:
    """Style sheets for the head of a page, on one line."""
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return Markup(text.replace("\n", ""))  # noqa: S704 - our own files
