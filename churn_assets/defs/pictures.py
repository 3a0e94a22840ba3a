"""Pictures in the metadata of assets: the UI shows them from the text itself, so no file has to be stored.

Dagster keeps each with its snapshot: reduced to 64 colours a plot takes 10 to 20 kB there instead of 40 to 80. By an
octree the colours of its lines stay; the median cut turned the rarest of six into grey (2026-11).
At 520 snapshots the five of the comparison are 40 MB instead of 170.
"""

import base64
from io import BytesIO

import dagster as dg

COLOURS = 64


def picture(name: str, png: bytes) -> dg.MarkdownMetadataValue:
    """The PNG as Markdown; `name` is shown where pictures are not."""
    return dg.MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(_reduced(png)).decode()})")


def _reduced(png: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415 - with matplotlib, of runs only

    buffer = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            buffer, "PNG", optimize=True
        )
    return buffer.getvalue()
