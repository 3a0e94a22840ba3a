"""What all commands share: options, examples, errors of typing, exit codes, completion.

`main` is called in this process: a process of its own costs half a second and more.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from churn_assets.alerts.alert import Alert
from churn_assets.alerts.queue import raise_alerts
from churn_assets.api.tokens import add_token
from churn_assets.command import cli
from churn_assets.command.examples import EXAMPLES
from churn_assets.command.onward import onward
from churn_assets.console.accounts import add_account
from churn_assets.failures import WrongArguments
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record
from tests.architecture import known
from tests.architecture.names import wrong_names
from tests.documents import ROOT, Document

NOW = datetime(2026, 11, 16, 9)
CHURN = Path(sys.executable).with_name("churn")


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def churn(home: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """`churn` on an empty home."""
    monkeypatch.setenv("CHURN_HOME", str(home.root))

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["churn", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Done(int(ended.value.code or 0), *capfd.readouterr())

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "churn: No such command 'rnu'. Did you mean 'run'? churn --help shows examples and options."),
        (
            ["run", "--snaphot", "x"],
            "churn run: No such option: --snaphot (Possible options: --snapshot); churn run --help",
        ),
        (
            ["run", "--snapshot", "16.11.2026"],
            "'--snapshot': '16.11.2026' is no date like 2026-11-16; churn run --help",
        ),
        (["load"], "churn load: Missing argument 'source'; churn load --help shows examples and options."),
        (["account", "add", "ana"], "churn account add: Missing option '--role'; churn account add --help"),
        (["tune", "--trials", "0"], "churn tune: Invalid value for '--trials'"),
        (["check", "now"], "churn check: Got unexpected extra argument(s) (now); churn check --help"),
    ],
)
def test_what_is_typed_wrong_is_one_line_with_exit_code_2(
    churn: Callable[..., Done], arguments: list[str], said: str
) -> None:
    done = churn(*arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("Error: churn")
    assert said in done.err
    assert done.err.endswith("  [arguments]\n")


def test_a_name_that_only_gathers_commands_shows_its_help(churn: Callable[..., Done]) -> None:
    done = churn("account")
    assert done.code == 2
    assert "churn account add ana --role approver" in done.out + done.err


def test_quiet_prints_errors_and_the_last_line(churn: Callable[..., Done]) -> None:
    loud, quiet = churn("explain"), churn("explain", "--quiet")
    assert quiet == Done(0, "churn explain CODE says more.\n", "")
    assert loud.out.endswith(f"\n{quiet.out}")
    assert churn("--quiet", "explain") == quiet, "before the command as well"
    wrong = churn("explain", "nothing", "--quiet")
    assert (wrong.code, wrong.out) == (1, "")
    assert "no error has the code nothing" in wrong.err


def test_quiet_leaves_what_programs_read(churn: Callable[..., Done]) -> None:
    assert churn("settings", "churn", "--json", "--quiet") == churn("settings", "churn", "--json")


LISTS = ("account list", "token list", "alerts list")


def test_lists_are_there_for_programs(churn: Callable[..., Done], home: Home) -> None:
    record = Record(home.record)
    add_account(record, "ana", "approver", None, "me", NOW)
    add_token(record, "crm", ["plan:read"], 30, "me", NOW)
    raise_alerts(record, [Alert("run_failed", "run", "A run failed.", "churn run", NOW.date())], NOW, timedelta(days=1))
    accounts, tokens, alerts = (json.loads(churn(*each.split(), "--json").out) for each in LISTS)
    assert [(each["name"], each["role"], each["is_disabled"]) for each in accounts] == [("ana", "approver", False)]
    assert [(each["name"], each["scopes"], each["revoked_at"]) for each in tokens] == [("crm", "plan:read", None)]
    assert [(each["alert"]["text"], each["taken_by"]) for each in alerts] == [("A run failed.", "")]


def test_quiet_asks_nothing_that_it_does_not_show(churn: Callable[..., Done], home: Home) -> None:
    done = churn("init", "--quiet")
    assert (done.code, done.out) == (1, "")
    assert "add --yes, or leave --quiet out" in done.err
    assert not home.settings_file.exists()
    done = churn("init", "--quiet", "--yes")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert home.settings_file.exists()


def test_debug_shows_the_traceback_of_what_is_else_one_line_and_the_cost(churn: Callable[..., Done]) -> None:
    for done in (churn("explain", "nothing", "--debug"), churn("--debug", "explain", "nothing")):
        assert done.code == 1
        assert "Traceback" in done.err
        assert f"\n{WrongArguments.__module__}.{WrongArguments.__qualname__}\n" in done.err
        assert re.search(
            r"^explain: \d+\.\d\d s, after .* of processor time, [\d,]+ MB of memory\.$", done.err, re.MULTILINE
        )
        assert done.err.splitlines()[-1].startswith("Error: no error has the code nothing")
    assert "Traceback" not in churn("explain", "nothing").err, "the next command is not debugged"


def test_debug_quotes_no_password_and_no_raw_row(churn: Callable[..., Done], home: Home) -> None:
    """Which the errors below ours may do: of YAML the line, of a file of text the row."""
    home.settings_file.write_text("delivery: {smtp_password: whsec_abc: 1}\n")
    done = churn("check", "--debug")
    assert "yaml" in done.err
    assert "whsec" not in done.out + done.err
    home.settings_file.unlink()
    orders = home.root / "landing" / "orders"
    orders.mkdir(parents=True)
    (orders / "1.csv").write_bytes(b"order_id,user_id,ordered_at,amount,email\n1,2,2026-10-01,5,jos\xe9@example.org\n")
    done = churn("check", "--debug")
    assert "LandingError\n" in done.err
    assert "@example.org" not in done.out + done.err


def test_a_bug_has_its_traceback_and_a_code(churn: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(cli, "settled_home", broken)
    monkeypatch.setattr(sys, "argv", ["churn", "settings"])
    with pytest.raises(KeyError) as raised:
        cli.main()
    assert raised.value.__notes__ == [cli.BUG]
    assert cli.BUG.endswith("[bug]")


def test_a_question_without_an_answer_is_one_line(churn: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    def unanswered(*_: object, **__: object) -> None:
        raise typer.Abort

    monkeypatch.setattr("churn_assets.command.explain.explain", unanswered)
    done = churn("explain")
    assert (done.code, done.err) == (1, f"Error: {cli.UNANSWERED}  [arguments]\n")


def test_what_fills_and_checks_a_landing_ends_with_the_next_command(churn: Callable[..., Done], home: Home) -> None:
    filled = churn("simulate", "--users", "60", "--weeks", "20", "--end", "2026-11-16")
    assert filled.out.splitlines()[-1] == f"Next: churn run --home {home.root}"
    assert churn("check").out.splitlines()[-1] == f"Next: churn run --home {home.root}"


def test_the_next_command_names_no_home_that_it_takes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert onward(tmp_path / "churn_home", "run") == "Next: churn run"
    assert onward(tmp_path / "a shop", "run", note=", later") == f"Next: churn run --home '{tmp_path}/a shop', later"


def test_every_command_has_examples_and_each_is_one(churn: Callable[..., Done]) -> None:
    of_groups = {"", "account", "token", "alerts", "service"}
    assert set(EXAMPLES) == set(known.commands()) - {"serve"} | of_groups
    text = "".join(
        f"`{' '.join(f'churn {name} {each}'.split())}`\n\n" for name, lines in EXAMPLES.items() for each in lines
    )
    assert [wrong.name for wrong in wrong_names(Document("docs/examples.md", text))] == []
    shown = churn("backfill", "--help").out
    example = "churn backfill --from 2026-09-07 --to 2026-11-16"
    assert shown.index("Make all snapshots") < shown.index(example) < shown.index("--quiet")
    assert "churn simulate && churn run" in churn("--help").out


def test_the_exit_codes_are_those_of_the_documentation(
    churn: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = (ROOT / "docs" / "engineer.md").read_text().split("<!-- exit codes")[1].split("<!-- end of exit codes")[0]
    documented = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    ended = [churn("explain").code, churn("explain", "nothing").code, churn("explain", "--nothing").code]

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("churn_assets.command.explain.explain", interrupted)
    stopped = churn("explain")
    assert stopped.err == "Interrupted; what was finished stays.\n"
    assert [*ended, stopped.code] == documented


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    """In bash itself, by the script that `churn --show-completion bash` prints; five starts of churn."""
    script = f"""
        export PATH={CHURN.parent}:$PATH
        eval "$(_CHURN_COMPLETE=source_bash churn)"
        complete -p churn
        for words in "churn ru" "churn run --sn" "churn explain lan" "churn settings churn.ga"; do
            COMP_WORDS=($words); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
            _churn_completion churn
            echo "$words: ${{COMPREPLY[@]}}"
        done
    """
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "complete -o default -F _churn_completion churn", "churn ru: run", "churn run --sn: --snapshot",
        "churn explain lan: landing", "churn settings churn.ga: churn.gap_days",
    ], done.stderr  # fmt: skip
