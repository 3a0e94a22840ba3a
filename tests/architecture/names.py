"""Names that stand in a document, each held against what bears it (known.py).

Read are spans of code, fenced blocks and links. Of a name that is written as a pattern (`feat_<family>.sql`,
`is_missing_<feature>`) the fixed parts are looked for.

python -m tests.architecture.names prints what is wrong in all documents.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import typer
import yaml

from churn_assets.instance.home import OWN
from churn_assets.settings.load import SettingsError
from churn_assets.settings.mapping import mapping_of
from churn_assets.stages import ORDER
from tests.architecture import known
from tests.architecture.known import OPTION, PACKAGE, PROJECT
from tests.documents import ROOT, Document, documents

FOLDERS = ("churn_assets", "benchmarks", "dbt_project", "docs", "expectations", "tests")
# A file with one of these endings is one of the repository, whatever folder it is named with.
OURS = (".py", ".sql", ".yml", ".md", ".toml")
FILE_ENDINGS = ("csv", "json", "jsonl", "lock", "md", "py", "sql", "toml", "yaml", "yml", "log", "sqlite", "duckdb")
STARTS = ("churn ", "make ", "python ")
# What stands for a value in a command, and one such value.
VALUES = {
    "DATE": "2026-11-16", "N": "3", "W": "40", "S": "7", "SOURCE": "cdnow", "PATH": ".", "DIR": ".", "TEXT": "because",
    "NAME": "ana", "KEY": "k1", "USER": "u1", "...": "k2",
}  # fmt: skip
DOTTED = re.compile(r"(?<![\w./*<>-])([a-z_]+)\.([a-z_0-9]+)(?:\.([a-z_0-9]+))?(?![\w(/<*])")
DEFAULT = re.compile(r"`([a-z_.]+)`\s\((\d[\d.,]*)\)")
MODULE = re.compile(r"(?<![\w./])(?:churn_assets|benchmarks|tests)(?:\.\w+)+")
VARIABLE = re.compile(r"(?<![\w<{])[A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+(?![\w<]|__)")
PATH = re.compile(r"(?:<home>|\.{0,2})/?[\w.<>*-]+(?:/[\w.<>*-]+)*/?(?:::\w+)?")
WORD = re.compile(r"(?<![\w./:<>{-])[A-Za-z]\w*_\w+(?![\w./<-])|^[A-Za-z]\w+$")
PLACEHOLDER = re.compile(r"<[^<>]*>|DATE")
PATTERN = re.compile(r"[\w-]*[_-](?=<)")


class Wrong(NamedTuple):
    """A name that nothing bears: where it stands, and what it was taken for."""

    place: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.place}: no {self.kind} {self.name}"


UsageError: Any = typer.BadParameter.__base__  # of the click that typer brings, which shows no other of its errors
Names = Iterator[tuple[str, str]]  # (kind, name) of each that nothing bears


def wrong_names(document: Document) -> list[Wrong]:
    """In the order of the lines."""
    found = [(piece.line, each) for piece in document.links() for each in _link(document, piece.text)]
    for span in document.spans():
        found += [(span.line, each) for each in _span(document, span.text)]
    for block in document.blocks():
        if block.language != "text":
            found += [(block.line, each) for each in _block(document, block.language, block.text)]
    for paragraph in document.paragraphs():
        found += [(paragraph.line, each) for each in _defaults(paragraph.text)]
    return [Wrong(f"{document.name}:{line}", kind, name) for line, (kind, name) in sorted(found)]


def _span(document: Document, text: str) -> list[tuple[str, str]]:
    commands = [each.strip() for each in text.split("&&")]
    found = [each for command in commands for each in _command(command)] + list(_named(document, text))
    if not any(command.startswith(STARTS) for command in commands):
        found += [("command with", option) for option in OPTION.findall(text) if option not in known.options()]
    return found or list(_words(text))


def _block(document: Document, language: str, text: str) -> Names:
    if language == "bash":
        for line in text.splitlines():
            yield from _command(line.strip())
    if language == "yaml" and "sources" in yaml.safe_load(text):  # of mapping.yaml; its files are the reader's
        yield from _mapping(text)
        return
    if language == "yaml":
        named = [(section, field) for section, fields in yaml.safe_load(text).items() for field in fields]
        yield from (("setting", f"{s}.{f}") for s, f in named if f not in known.settings().get(s, ()))
    yield from _named(document, text)


def _mapping(text: str) -> Names:
    try:
        mapping_of(yaml.safe_load(text), Path("mapping.yaml"))
    except SettingsError as error:
        yield "right mapping", str(error)


def _named(document: Document, text: str) -> Names:
    """Settings, tables, columns, variables, modules and files."""
    for first, second, third in DOTTED.findall(text):
        yield from _dotted(first, second, third)
    yield from (("module", module) for module in MODULE.findall(text) if not known.is_module(module))
    yield from (("variable that is read as", name) for name in VARIABLE.findall(text) if not known.is_read(name))
    for token in re.split(r"[\s'\"`,;]+", text):
        is_path = PATH.fullmatch(token) and ("/" in token.strip("/") or token.endswith(OURS))
        if is_path and not _is_path(document, token):
            yield "file", token


def _dotted(first: str, second: str, third: str) -> Names:
    """A setting, a table of a stage, or a column of a table."""
    if second in FILE_ENDINGS:
        return
    table = f"{first}.{second}"
    if table in known.tables():
        if third and known.tables()[table] and third not in known.tables()[table]:
            yield "column", f"{table}.{third}"
    elif first in known.settings():
        if second not in known.settings()[first]:
            yield ("setting or table" if first in ORDER else "setting"), table
    elif first in ORDER:
        yield "table", table
    elif first in known.columns() and second not in known.columns()[first]:
        yield "column", table


def _defaults(paragraph: str) -> Names:
    """A number in brackets right behind a setting is its default."""
    for name, number in DEFAULT.findall(paragraph):
        section, _, field = name.rpartition(".")
        sections = [section] if section else known.settings()
        defaults = {known.settings()[each].get(field) for each in sections if each in known.settings()} - {None}
        if defaults and not any(float(number.replace(",", "")) == float(default or "nan") for default in defaults):
            yield "default", f"{name} ({number})"


def _command(text: str) -> Names:
    """A whole command, with every optional part, and values where it names them."""
    if not text.startswith(STARTS):
        return
    match shlex.split(text.translate(str.maketrans("[]", "  ")), comments=True):
        case ["churn", name, *rest]:
            yield from _churn(name, [VALUES.get(word, word) for word in rest])
        case ["make", *rest]:
            make = [str(shutil.which("make")), "-n", "--no-print-directory", *rest]
            if subprocess.run(make, cwd=ROOT, capture_output=True, check=False).returncode:
                yield "target", text
        case ["python", "-m", module, *rest]:
            file = ROOT / (module.replace(".", "/") + ".py")
            written = file.read_text() if file.exists() else ""
            used = [word for word in rest if word.startswith("--") and f'"{word}"' not in written]
            yield from (("option", f"{module} {word}") for word in used if written)


def _churn(name: str, arguments: list[str]) -> Names:
    if arguments and f"{name} {arguments[0]}" in known.commands():  # one under another, as `churn account add`
        name, arguments = f"{name} {arguments[0]}", arguments[1:]
    command = known.commands().get(name)
    if command is None:
        yield "command", f"churn {name}"
    elif arguments:
        try:
            command.make_context(name, list(arguments))  # parses them, and runs nothing
        except UsageError as error:
            yield "such use of", f"churn {name}: {error.format_message()}"


def _is_path(document: Document, token: str) -> bool:
    """A file or folder of the repository or of a home, or the key of an asset."""
    in_home = re.match(r"(?:<home>|churn_home)/", token)
    name, _, test = token.removeprefix(in_home[0] if in_home else "").partition("::")
    pattern = PLACEHOLDER.sub("*", name.removeprefix("./").strip("/"))
    first = pattern.split("/")[0]
    if in_home and not any(fnmatch(first, own) for own in OWN):
        return False
    there = _files(document, pattern)
    if there:
        return not test or any(f"def {test}(" in file.read_text() for file in there)
    if pattern.replace("/", ".") in known.tables() or pattern.replace("landing/", "raw.") in known.tables():
        return True
    if first in FOLDERS or (PACKAGE / first).is_dir() or (first not in OWN and pattern.endswith(OURS)):
        return False
    parts = [part for part in re.split(r"[/*]", pattern) if part]
    return all(known.is_written(part) or known.words() >= set(re.findall(r"\w+", part)) for part in parts)


def _files(document: Document, pattern: str) -> list[Path]:
    """Of the repository; a name without a folder may lie in any that documents speak of."""
    bases = (ROOT, PACKAGE, PROJECT, (ROOT / document.name).parent)
    found = [file for base in bases for file in base.glob(pattern)] if pattern.strip(".*/") else []
    return found or [file for file in known.code() if "/" not in pattern and fnmatch(file.name, pattern)]


def _words(text: str) -> Names:
    """Names that are none of these: columns, values, checks, functions."""
    yield from (("thing called", word) for word in WORD.findall(text) if not _is_known(word))
    yield from (("thing called", f"{part}...") for part in PATTERN.findall(text) if not known.is_written(part))


def _is_known(word: str) -> bool:
    return word in known.words() or known.is_read(word)


def _link(document: Document, target: str) -> Names:
    if "://" in target:
        return
    name, _, anchor = target.partition("#")
    file = ((ROOT / document.name).parent / name).resolve()
    if name and not file.exists():
        yield "file", target
    elif anchor and anchor not in (Document.of(file) if name else document).anchors():
        yield "heading", target


if __name__ == "__main__":
    print("\n".join(str(wrong) for document in documents() for wrong in wrong_names(document)))
