"""The codes of errors: what `churn explain CODE` prints, and docs/errors.md says. A code stands for a kind of failure.

Codes are stable: people search for them, and programs compare them. A class of failures states its code (`Failure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """`causes`: the usual ones, the likeliest first. `see`: path and heading of the documentation."""

    title: str
    means: str
    causes: tuple[str, ...]
    steps: tuple[str, ...]
    see: tuple[str, ...] = ()


OPERATIONS, ENGINEER = "docs/operations.md", "docs/engineer.md"
RETENTION, SCIENTIST = "docs/retention.md", "docs/scientist.md"

CODES: Mapping[str, Code] = {
    "arguments": Code(
        "The command was typed in a way it does not know.",
        "An option, a date or a value on the command line cannot be used. Nothing was read and nothing was done.",
        ("a misspelt command or option", "a date that is not written 2026-11-16", "a value outside its range"),
        ("churn COMMAND --help shows examples first, then every option",),
        (f"{ENGINEER}#commands",),
    ),
    "home": Code(
        "The folder of the instance cannot be used.",
        "A home is the folder that holds settings, landing, warehouse and record. The one named is not there, is no "
        "folder, belongs to somebody else, or is there where a new one was to be made.",
        ("--home or CHURN_HOME is misspelt", "the command was given in another folder, so ./churn_home is another one"),
        ("name the home by --home, or set CHURN_HOME", "churn init makes a new home"),
        (f"{ENGINEER}#stores",),
    ),
    "settings": Code(
        "A setting is wrong.",
        "churn.yaml, or a variable CHURN__SECTION__FIELD, holds something that no setting can be. Each line "
        "names where it stands, what is expected, and what was probably meant. Nothing runs with settings "
        "that are half understood.",
        ("a misspelt section, setting or variable", "a number outside its range", "a list that is not [7, 28]"),
        ("correct the line that is named", "the documentation lists every setting with unit and reason"),
        (f"{ENGINEER}#settings",),
    ),
    "mapping": Code(
        "mapping.yaml is wrong.",
        "The file that says how exports of other systems become raw tables names a table, column or field that there "
        "is not, or leaves out a required one.",
        ("a column of the raw contract is misspelt", "a required column is made of nothing"),
        ("correct the line that is named", "churn map FOLDER --dry-run proposes a mapping for the same files"),
        (f"{ENGINEER}#files-of-other-systems",),
    ),
    "landing": Code(
        "The raw files cannot be used as they are.",
        "The landing is missing, a file cannot be read, a required column is not there, or so much is wrong "
        "with the rows that whatever was made of them would be wrong too. No run begins, and nothing was changed.",
        ("no orders yet", "another encoding or decimal sign", "a header that was renamed", "a file that was cut off"),
        ("churn check says what is read, what is not, and why", "what is to be set is named in the message"),
        (f"{ENGINEER}#the-raw-contract", f"{ENGINEER}#what-happens-to-what-is-wrong"),
    ),
    "pull": Code(
        "A database, or a file at an address, cannot be read.",
        "mapping.yaml names a source that is fetched, and it does not answer, lets nobody in, lacks a table or column, "
        "or holds what is not read. Nothing of that reading was kept, and no run begins without it.",
        ("the server is down or cannot be reached", "no password in the environment, or another one",
         "a table or column was renamed", "orders were archived, so that many are gone"),
        ("what is to be set is named in the message", "churn check asks each source, and reads no row"),
        (f"{ENGINEER}#databases", f"{ENGINEER}#files-at-addresses"),
    ),
    "source": Code(
        "A public data set or the simulated shop cannot be made.",
        "churn load or churn simulate was asked for what it cannot make of what it was given.",
        ("an unknown source", "files of the data set that are not where --from says", "a shop without users or weeks"),
        ("churn load --help and churn simulate --help name what there is",),
        (f"{ENGINEER}#commands",),
    ),
    "snapshot": Code(
        "The date is no snapshot, or none that can be made.",
        "Everything is made at the boundaries of one calendar, by default Mondays. A date between two of "
        "them, before the first or beyond the data has no snapshot.",
        ("a day that is no boundary: the neighbours are named", "a snapshot that no run has made yet"),
        ("name one of the dates in the message", "churn status says which snapshots there are"),
        (f"{ENGINEER}#time",),
    ),
    "not-made": Code(
        "What was asked for has not been made yet.",
        "A table, report or model of that snapshot does not exist here.",
        ("no run has come that far", "a snapshot that was built only as history, without scores"),
        ("churn run --snapshot DATE makes it", "churn status says which snapshots there are"),
        (f"{ENGINEER}#commands",),
    ),
    "withheld": Code(
        "What was published may not be read now.",
        "A run began to make these scores again and has not come to its end, or a check stopped it. Until a "
        "run passes, nobody reads them, and no message goes out by them.",
        ("a run is at work", "a run was killed or stopped at a check"),
        ("wait for the run, or give churn run again; churn status says which",),
        (f"{ENGINEER}#stores",),
    ),
    "damaged": Code(
        "A file is not what was written.",
        "Each published file has a checksum in the record, and each key and journal a form. One differs.",
        ("a failing disk", "a file that was edited, cut off or taken from another home"),
        ("churn verify --files says which", "churn heal brings back what exists twice, churn rebuild the rest"),
        (f"{OPERATIONS}#what-is-kept-twice",),
    ),
    "record": Code(
        "The record of decisions cannot be used.",
        "record.sqlite holds what can never be computed again: approvals, messages, refusals. It cannot be opened, was "
        "made by a newer version, or contradicts what was to be written.",
        ("a disk that is full or read-only", "a newer churn-assets wrote it", "a damaged file"),
        ("never delete it", "churn heal brings it back from its second copy, churn restore from a backup"),
        (f"{OPERATIONS}#what-is-kept-twice", f"{ENGINEER}#upgrades-and-backups-of-the-record"),
    ),
    "busy": Code(
        "Another process is at work on this home.",
        "Two things that write the same may not work at once. Nothing was done by the second.",
        ("a run, a dispatch, an erasure or a UI of this home", "a program that holds a lock on a file"),
        ("wait until it has ended and give the same command again", "churn status says what is at work"),
        (f"{ENGINEER}#stores",),
    ),
    "disk": Code(
        "The disk is full, or fails.",
        "The system could not write or read. What was written before is whole: files are published only when complete.",
        ("no space left", "a quota", "a failing disk or a lost network drive"),
        ("free some space; the message says how much is needed", "churn doctor says what takes the space"),
        (f"{OPERATIONS}#what-grows-and-what-may-go",),
    ),
    "permission": Code(
        "The user who runs churn may not do that here.",
        "The system refused to read or write a file.",
        ("a home that was made by another user, or by root", "a folder that is mounted read-only"),
        ("let that user write there, or name another home with --home",),
        (f"{OPERATIONS}#who-could-do-what",),
    ),
    "path": Code(
        "Something is in the way.",
        "A file is where a folder should be, a folder where a file should be, or a path is too long or goes "
        "in a circle.",
        ("a file that was put there by hand", "a link that points at itself"),
        ("move what is named away and give the same command again",),
        (f"{ENGINEER}#stores",),
    ),
    "open-files": Code(
        "Too many files are open.",
        "The system gives a process only so many open files.",
        ("a low limit of the machine or container", "many programs at once"),
        ("ulimit -n 4096, or close other programs",),
        (f"{OPERATIONS}#how-large-a-machine",),
    ),
    "warehouse": Code(
        "The warehouse cannot be opened.",
        "warehouse.duckdb is locked by another program, damaged, or written by another version of DuckDB.",
        ("a notebook or a tool has it open", "a damaged file"),
        ("close other programs that have it open", "it can be rebuilt: churn rebuild --all"),
        (f"{ENGINEER}#stores",),
    ),
    "dbt": Code(
        "dbt cannot do that, or failed.",
        "A model or a test of the dbt project failed, or churn dbt was asked for what would leave half a snapshot.",
        ("an edited model", "an option that the home states by itself"),
        ("the message names model and cause; the log of the run has the rest", "churn prepare reads the project again"),
        (f"{ENGINEER}#dbt-by-hand",),
    ),
    "dagster": Code(
        "Dagster's own files in the home cannot be used.",
        "dagster/ holds the history of runs and its configuration. Nothing else depends on it.",
        ("an edited dagster.yaml", "a damaged database of runs"),
        ("correct dagster.yaml, or move what is named away: it is rebuilt",),
        (f"{ENGINEER}#stores",),
    ),
    "run-failed": Code(
        "A run did not come to its end.",
        "A step failed or a check stopped it; which one and why is said above. What was published before "
        "stays, and what this run was to replace is withheld until a run passes.",
        ("a check that found what must not be used", "too few users or too young a shop for a model"),
        ("do what the failed step says, then give the same command again",),
        (f"{ENGINEER}#when-something-fails", f"{ENGINEER}#proof-that-nothing-looks-ahead"),
    ),
    "looks-ahead": Code(
        "The mart differs from what was known before its snapshot.",
        "churn verify made the features of a snapshot once more from its past alone, and columns differ. A model must "
        "not learn from them.",
        ("rows that were delivered with a known time that had passed", "a column of an edited model that looks ahead"),
        ("look at the columns that are named", "deliver rows with the time at which they became known"),
        (f"{ENGINEER}#proof-that-nothing-looks-ahead",),
    ),
    "training": Code(
        "A model or a comparison cannot be made of what there is.",
        "There are too few users, labels that have not matured, or slices that would leak.",
        ("a young shop", "a horizon that was changed after the training set was made"),
        ("let more history mature, or bring older orders into the landing",),
        (f"{SCIENTIST}#training", f"{SCIENTIST}#bake-off"),
    ),
    "promotion": Code(
        "A model or policy cannot be put in charge.",
        "There is no such model, it has learned from what it would score, or the policy is not proven to earn more.",
        ("a date at which no model was trained", "too few weeks of evidence"),
        ("the message names the models there are, or what is missing as proof",),
        (f"{SCIENTIST}#which-model-scores", f"{RETENTION}#changing-the-policy-on-proof"),
    ),
    "user": Code(
        "No such user, or none named.",
        "The id is in no table of this home, is empty, or a list of ids cannot be read.",
        ("an id of another system", "zeros before a number that were lost in a spreadsheet"),
        ("write the id as it stands in marts.dim_users", "a list has one id a line, in UTF-8"),
        (f"{ENGINEER}#erasing-a-user",),
    ),
    "message": Code(
        "No such message.",
        "A key names no message that this home has planned or sent.",
        ("a key that was cut off when it was copied", "a message of another home"),
        ("the keys are in interventions.outbox",),
        (f"{RETENTION}#consent",),
    ),
    "plan": Code(
        "There is no plan that may be approved or sent.",
        "No run has made one, it is an old one, was changed after its approval, or its time has passed.",
        ("no run yet", "a newer plan", "a snapshot that lies too far back"),
        ("churn run makes the newest plan, churn approve signs it, churn dispatch --send hands it over",),
        (f"{RETENTION}#sending",),
    ),
    "receivers": Code(
        "A mail server, webhook or call file cannot be used.",
        "The section delivery of the settings names a receiver that messages cannot be handed to.",
        ("a host that is inside, and not named in delivery.private_hosts", "a certificate, name or port that is wrong"),
        ("correct the section delivery of the settings; churn dispatch without --send tries nothing",),
        (f"{ENGINEER}#delivery",),
    ),
    "consent": Code(
        "Consents cannot be read.",
        "What cannot be read as consent is none: nobody is shown or written to until the file can be read.",
        ("a file of consents that is cut off or in another encoding",),
        ("churn check says which file, and why",),
        (f"{RETENTION}#consent",),
    ),
    "access": Code(
        "An account, token or request is not accepted.",
        "Console and API let in by account and token only, and take no half-written form.",
        (
            "a name or password that is too short",
            "a scope that there is not",
            "a role other than viewer, approver and admin",
        ),
        ("churn account --help and churn token --help name what there is",),
        (f"{ENGINEER}#the-console", f"{ENGINEER}#the-api"),
    ),
    "server": Code(
        "The UI, the console or a unit cannot be started.",
        "A port is taken, what was to be served ended, or a unit of systemd cannot be written.",
        ("another UI or console of the same home", "another program on that port"),
        ("--port 0 takes any port that is free", "the log that is named says why a server ended"),
        (f"{ENGINEER}#who-can-reach-what", f"{OPERATIONS}#by-itself"),
    ),
    "backup": Code(
        "A backup cannot be made or brought back.",
        "The folder is not empty, holds no whole backup, or lies where it would be lost with the home.",
        ("a folder that is there already", "a backup that was cut off or changed"),
        ("churn backup needs a new folder, churn restore a backup as it was written and a new home",),
        (f"{OPERATIONS}#backup-and-restore",),
    ),
    "bug": Code(
        "An error of churn itself.",
        "Whatever a person can mend has another code. This one came unexpected and is shown with its traceback.",
        ("a fault in the code",),
        ("report it with the traceback and the output of churn doctor",),
        (f"{ENGINEER}#when-something-fails",),
    ),
}  # fmt: skip
