"""2,000 landing folders made at random: no traceback, nothing silently wrong, no row unaccounted for.

python -m benchmarks.landing_fuzz [--cases 2000] [--first 0]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.fuzzed_landing import NOW, Fuzzed, fuzzed
from churn_assets.duck import duck
from churn_assets.landing import oddities
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import OF_NO_KIND, SPREADSHEET
from churn_assets.landing.inspect import survey
from churn_assets.landing.review import in_temp_tables, review_table
from churn_assets.settings import Landing

COLUMNS = "order_id, user_id, ordered_at, amount::double, is_purchase, discount_amount::double, delivered_at, known_at"
MEANINGS = "select user_id, email_consent, all_consent from {scan} where refused_because is null"


def wrong(seed: int, folder: Path) -> list[str]:
    """What is wrong with how the landing of a seed is read; empty where nothing is. A traceback is its caller's."""
    landing = folder / "landing"
    made = fuzzed(landing, seed)
    try:
        contents = survey(str(landing), None, Landing(**made.settings), cache=folder / "cache", now=NOW)
    except LandingError as error:
        return [] if made.mistake and made.mistake in str(error) else [f"refused: {error}"]
    if made.mistake:
        return [f"not noticed: {made.mistake}"]
    orders = contents.tables["orders"]
    with duck() as connection:
        copies = in_temp_tables(connection, contents)
        review = review_table(connection, copies.tables["orders"])
        oddities.findings(connection, copies)
        sql = f"select {COLUMNS} from {orders.scan} where refused_because is null and not is_replaced"
        kept = set(connection.execute(sql).fetchall())
        said = connection.execute(MEANINGS.format(scan=contents.tables["consents"].scan)).fetchall()
    named = {each.path.name for each in orders.unread if each.reason in (OF_NO_KIND, SPREADSHEET)}
    found = _differences(made, review.delivered, review.kept + review.replaced, review.rows_refused, kept)
    found += [f"read: {sorted(made.unread)} not named"] * (made.unread != named)
    read = Counter(said)
    found += [
        f"consent {row} {read[row]} times instead of {made.meanings[row]}"
        for row in sorted(read | made.meanings, key=str)
        if read[row] != made.meanings[row]
    ]
    return found


def _differences(made: Fuzzed, delivered: int, used: int, refused: int, kept: set[tuple[object, ...]]) -> list[str]:
    found = []
    if delivered != made.rows or used + refused != made.rows:
        found.append(f"{made.rows} rows in, {delivered} delivered, {used} used, {refused} refused")
    if refused != made.refused:
        found.append(f"{refused} rows refused instead of {made.refused}")
    for name, rows in (("missing", made.kept - kept), ("invented", kept - made.kept)):
        if rows:
            found.append(f"{len(rows)} rows {name}, such as {min(rows, key=str)}")
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=2000)
    arguments.add_argument("--first", type=int, default=0)
    chosen = arguments.parse_args()
    counts: Counter[str] = Counter()
    started = time.monotonic()
    for seed in range(chosen.first, chosen.first + chosen.cases):
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = wrong(seed, Path(folder))
            except Exception as error:  # noqa: BLE001 - the fuzzer's business is to count these
                counts["tracebacks"] += 1
                print(f"{seed}: {type(error).__name__}: {str(error).splitlines()[0]}")
                continue
        counts["right" if not found else "wrong"] += 1
        for line in found:
            print(f"{seed}: {line}")
    seconds = time.monotonic() - started
    print(f"{chosen.cases} landings in {seconds:.0f} s: {counts['tracebacks']} tracebacks, {counts['wrong']} wrong")


if __name__ == "__main__":
    main()
