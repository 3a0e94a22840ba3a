"""Pictures in the metadata of assets: the UI shows them from the text itself, so no file has to be stored."""

import base64

import dagster as dg


def picture(name: str, png: bytes) -> dg.MarkdownMetadataValue:
    """The PNG as Markdown; `name` is shown where pictures are not."""
    return dg.MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})")
