"""Every text of the report, as it stands in the code and in the template."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

import churn_assets.report

FOLDER = Path(churn_assets.report.__file__).parent
KEYWORDS = {"t": None, "N_": None, "many": (1, 2)}


def messages() -> Iterator[str | tuple[str, str]]:
    """A pair where there is a form for one and one for more."""
    for _, _, message, _, _ in extract_from_dir(
        str(FOLDER), [("**.py", "python"), ("**.j2", "jinja2")], keywords=KEYWORDS
    ):
        yield message
