"""What a shell proposes for the arguments of commands: read on demand, as most starts of churn complete nothing."""

from __future__ import annotations

from collections.abc import Iterable


def codes(incomplete: str) -> list[str]:
    """Of errors."""
    from churn_assets.failures.codes import CODES  # noqa: PLC0415

    return _beginning(CODES, incomplete)


def sources(incomplete: str) -> list[str]:
    """Of public data."""
    from churn_assets.sources import ADAPTERS  # noqa: PLC0415

    return _beginning(ADAPTERS, incomplete)


def settings(incomplete: str) -> list[str]:
    """Sections, and the fields of one whose name is there with its point."""
    from churn_assets.settings import Settings  # noqa: PLC0415

    fields = {name: type(field.default).model_fields for name, field in Settings.model_fields.items()}
    section = incomplete.partition(".")[0]
    inner = [f"{section}.{field}" for field in fields.get(section, ())] if "." in incomplete else []
    return _beginning([*fields, *inner], incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
