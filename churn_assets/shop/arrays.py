"""Arrays, random streams and columns: the few helpers every part of the shop uses. No shop knowledge here."""

from __future__ import annotations

from datetime import date
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MINUTE = 60_000_000  # times are microseconds since 1970-01-01 UTC, as in storage
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
NEVER = int(np.iinfo(np.int64).min)  # numpy's NaT: becomes null in a frame


def stream(seed: int, week: int, name: str) -> np.random.Generator:
    """Random numbers of one part in one week: what one part draws never shifts what another part gets."""
    return np.random.default_rng([seed, week, crc32(name.encode())])


def microseconds(day: date) -> int:
    """Time of `day` 00:00."""
    return (day - date(1970, 1, 1)).days * DAY


def repeats(counts: Ints) -> tuple[Ints, Ints]:
    """Row numbers repeated `counts` times, and each repetition's own number from 0."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def choose(rng: np.random.Generator, shares: npt.ArrayLike, size: int) -> Ints:
    """`size` draws of an index, index i with probability shares[i]."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(size), side="right").astype(np.int64)


def times(values: Ints) -> pl.Series:
    """Timestamps; NEVER is null."""
    return pl.Series(values.view("datetime64[us]"), dtype=pl.Datetime("us"))


def numbers(values: Floats) -> pl.Series:
    """Floats; NaN is null."""
    return pl.Series(values, nan_to_null=True, dtype=pl.Float64)


def whole(values: Floats) -> pl.Series:
    """Whole numbers; NaN is null."""
    return numbers(values).cast(pl.Int64)


def money(values: Floats) -> pl.Series:
    """Amounts in whole cents."""
    return pl.Series(np.round(values, 2), dtype=pl.Float64)


def ids(prefix: str, values: Ints, width: int = 1) -> pl.Series:
    """Ids like u000012 (width 6); a negative number is null."""
    column = pl.col("id").cast(pl.String).str.zfill(width)
    frame = pl.DataFrame({"id": values}).select(pl.when(pl.col("id") >= 0).then(pl.lit(prefix) + column))
    return frame.to_series()


def pick(words: pl.Series, index: Ints) -> pl.Series:
    """The words at `index`; a negative index is null."""
    if (index < 0).any():
        positions = pl.DataFrame({"i": index}).select(pl.when(pl.col("i") >= 0).then("i")).to_series()
        return words.gather(positions)
    return words.gather(pl.Series(index))
