"""What all commands share: `--quiet` and `--debug`, examples before the options in `--help`, and errors of typing."""

from __future__ import annotations

import inspect
import io
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from churn_assets.command.examples import EXAMPLES
from churn_assets.failures import WrongArguments, error_message

BEGUN = time.perf_counter()
MEGABYTE, DATES = 1 << 20, "%Y-%m-%d"
PANEL = "Of every command"
Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="Print errors and the last line only.", rich_help_panel=PANEL, show_default=False),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Print each step, tracebacks, time and memory.", rich_help_panel=PANEL, show_default=False
    ),
]
SHARED = {"quiet": Quiet, "debug": Debug}
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
_debug: ContextVar[bool] = ContextVar("debug", default=False)


def is_quiet() -> bool:
    """Whether the command at work was given --quiet, and not --debug."""
    return _quiet.get() and not _debug.get()


def is_debugged() -> bool:
    """Whether the command at work was given --debug."""
    return _debug.get()


class Command(TyperCommand):
    """A command, whose --help shows examples before its options."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _examples_in(self, ctx):
            super().format_help(ctx, formatter)


class Group(TyperGroup):
    """Commands under one name, with the same."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with _examples_in(self, ctx):
            super().format_help(ctx, formatter)


@contextmanager
def _examples_in(command: Command | Group, ctx: Any) -> Iterator[None]:
    plain, name = command.help, path_of(ctx)
    lines = [" ".join(f"churn {name} {each}".split()) for each in EXAMPLES.get(name, ())]
    command.help = "\n\n".join([plain or "", "\b\n" + "\n".join(lines)] if lines else [plain or ""])  # \b keeps lines
    try:
        yield
    finally:
        command.help = plain


class Commands(typer.Typer):
    """A Typer whose commands share what stands above."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"cls": Group} | options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        register = super().command(name, **{"cls": Command} | options)

        def registered(function: Callable[..., Any]) -> Callable[..., Any]:
            register(shared(function))
            return function

        return registered


def note_for_all(ctx: typer.Context, *, quiet: bool, debug: bool) -> None:
    """What stands before the name of a command holds for it."""
    for flag, value in ((_quiet, quiet), (_debug, debug)):
        ctx.call_on_close(partial(flag.reset, flag.set(value)))


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a command with the options of all commands."""
    own = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in SHARED.items()
    ]

    @wraps(function)
    def run(*, quiet: bool, debug: bool, **values: Any) -> Any:
        with _at_work(function.__name__, values, is_quiet=quiet, is_debugged=debug):
            return function(**values)

    parameters = [*own.parameters.values(), *added]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


@contextmanager
def _at_work(name: str, values: Mapping[str, Any], *, is_quiet: bool, is_debugged: bool) -> Iterator[None]:
    noted = [(flag, flag.set(flag.get() or value)) for flag, value in ((_quiet, is_quiet), (_debug, is_debugged))]
    try:
        with _debugged(name) if _debug.get() else _quietened(values):
            yield
    finally:
        for flag, token in noted:
            flag.reset(token)


@contextmanager
def _quietened(values: Mapping[str, Any]) -> Iterator[None]:
    """With --quiet nothing but the last line of what is printed. What programs read (--json) is whole."""
    if not _quiet.get() or values.get("as_json"):
        yield
        return
    if values.get("yes") is False and not values.get("dry_run"):
        raise WrongArguments("--quiet does not show what this command asks about: add --yes, or leave --quiet out.")
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            yield
    except (SystemExit, typer.Exit):
        _say_last(printed.getvalue())
        raise
    _say_last(printed.getvalue())


def _say_last(text: str) -> None:
    lines = [line for line in text.splitlines() if line.strip()]
    if lines:
        print(lines[-1].strip())


@contextmanager
def _debugged(name: str) -> Iterator[None]:
    """With --debug the traceback of whatever is raised, and what the command cost, both on stderr."""
    begun = time.perf_counter()
    try:
        yield
    except Exception as error:
        if error_message(error, Path()) is not None:  # of a bug Python shows all
            sys.stderr.write("".join(_frames(error)))
        raise
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1 << 10)
        sys.stderr.write(
            f"{name.strip('_')}: {time.perf_counter() - begun:.2f} s, after {begun - BEGUN:.2f} s of reading the "
            f"command; {used.ru_utime + used.ru_stime:.2f} s of processor time, {peak / MEGABYTE:,.0f} MB of memory.\n"
        )


def _frames(error: BaseException) -> Iterator[str]:
    """Where an error and its causes came from. The texts of causes are left out: they may quote a password of a file of
    settings, or a line of a raw file with an address in it.
    """
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _frames(cause)
        yield "which led to\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"


def path_of(ctx: Any) -> str:
    """The name of a command without that of the program, as `account add`."""
    names = []
    while ctx is not None and ctx.parent is not None:
        names.append(str(ctx.info_name))
        ctx = ctx.parent
    return " ".join(reversed(names))


def said_of_typing(error: typer.TyperException) -> str:
    """What is said of a use that there is not; nothing where help is wanted (`churn account`)."""
    command = f"churn {path_of(getattr(error, 'ctx', None))}".rstrip()
    if type(error).__name__ == "NoArgsIsHelpError":  # typer exports no class of its own for it
        error.show()  # type: ignore[attr-defined]
        return ""
    what = str(error.format_message())
    what = what.replace("Value error, ", "").replace(
        f"does not match the formats {DATES!r}", "is no date like 2026-11-16"
    )
    return (
        f"{command}: {what.rstrip('.')}{'' if what.endswith('?') else ';'} {command} --help shows examples and options."
    )
