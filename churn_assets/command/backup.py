"""`churn backup` and `churn restore`, in the terminal."""

from __future__ import annotations

from pathlib import Path

from churn_assets.backup.make import back_up
from churn_assets.backup.restore import restore
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import wide_console


def back_up_home(root: Path, folder: Path, *, with_landing: bool) -> None:
    """Back the home up, and print what was copied. Raises NoBackup, CannotBackUp."""
    home, console = Home(root), wide_console()
    listing = back_up(home, folder.absolute(), with_landing=with_landing)
    console.print(
        f"{len(listing.files):,} files, {listing.bytes / 1e6:,.1f} MB, of {listing.made_at:%Y-%m-%d %H:%M} UTC in "
        f"{folder}. It holds personal data and keys: keep it as closed as the home.",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    if not (folder / "landing").is_dir():
        console.print(
            "Without raw tables: they are kept elsewhere, or were left out. What is rebuilt needs them.", soft_wrap=True
        )


def restore_home(folder: Path, root: Path) -> None:
    """Make the home of a backup, and print what is to be done next. Raises NoBackup, NotEmpty, RestoreBusy."""
    console = wide_console()

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    restored = restore(folder.absolute(), root, say)
    for line in restored.lines:
        say(line)
    made_at = f"{restored.listing.made_at:%Y-%m-%d %H:%M}"
    say(f"{root} is the home of {made_at} UTC; {restored.tombstones} users are erased in it.")
    say(
        f"What was sent after that is not on record: of plans made before, approve none whose messages may have gone. "
        f"Next: churn rebuild --home {root} (the warehouse), then churn doctor."
    )
