"""Documents name what there is: every setting, table, command, file, module, variable, link and default in them.

Examples of what is misspelt, or of somebody else's, are exceptions, each with its reason.
"""

from __future__ import annotations

import re

import pytest

from tests.architecture import known
from tests.architecture.names import wrong_names
from tests.documents import ROOT, Document, documents

EXCEPTIONS = {
    "churn.example": "the name of a server, in an example",
    "u12": "a user of an example", "u123": "the same", "u12_3": "the same",
    "CHURN_DECISIONS_BUDGET_AMOUNT": "how a variable is misspelt",
    "churn.yml": "how the file of settings is misnamed",
    "Direct_Marketing": "one of many spellings of a purpose",
}  # fmt: skip
DOCUMENTS = documents()
ENGINEER = next(document for document in DOCUMENTS if document.name == "docs/engineer.md")
NEITHER = ("prepare", "serve", "explain")  # a step of the set-up, what churn ui starts, and what is about no home

PLANTED = {
    "setting": ("`churn.horizon_weeks`", "no setting churn.horizon_weeks"),
    "setting of a section that is a stage, too": ("`training.slizes: 3`", "no setting or table training.slizes"),
    "mapping of a block": (
        "```yaml\nsources: [{name: a, files: b, tables: {orders: {columns: {order_nr: Nr}}}}]\n```",
        "no right mapping mapping.yaml is wrong; correct it:\n  source a: tables.orders.columns.order_nr: orders has ",
    ),
    "setting of a block": ("```yaml\ndecisions: {budget: 3}\n```", "no setting decisions.budget"),
    "default": ("`churn.active_within_days`\n(181)", "no default churn.active_within_days (181)"),
    "default of a field": ("more than `max_contacts` (5) messages", "no default max_contacts (5)"),
    "table": ("`marts.fct_order`", "no table marts.fct_order"),
    "table of Python": ("`effects.experiment_readouts`", "no table effects.experiment_readouts"),
    "column": ("`marts.fct_orders.total`", "no column marts.fct_orders.total"),
    "column of a contract": ("`scoring.scored_users.score`", "no column scoring.scored_users.score"),
    "column of a raw table": ("`users.household`", "no column users.household"),
    "column of the record": ("`outbox.address`", "no column outbox.address"),
    "table of a statement": ("```sql\nselect * from scoring.scores\n```", "no setting or table scoring.scores"),
    "command": ("`churn train`", "no command churn train"),
    "command of a block": ("```bash\nchurn train   # now\n```", "no command churn train"),
    "option of a command": ("`churn run --date DATE`", "no such use of churn run: No such option: --date"),
    "value of a command": ("`churn run --snapshot soon`", "no such use of churn run: Invalid value for '--snapshot'"),
    "option": ("`--snapshot-date`", "no command with --snapshot-date"),
    "target": ("`git pull && make install`", "no target make install"),
    "module that is run": ("`python -m benchmarks.speed`", "no module benchmarks.speed"),
    "option of a module": ("`python -m benchmarks.model --trees 3`", "no option benchmarks.model --trees"),
    "module": ("`churn_assets.storage.home`", "no module churn_assets.storage.home"),
    "name in a module": ("`churn_assets.stages.Phase`", "no module churn_assets.stages.Phase"),
    "file": ("`churn_assets/defs/calendar.py`", "no file churn_assets/defs/calendar.py"),
    "file of a room": ("`landing/rows.py`", "no file landing/rows.py"),
    "files": ("`dbt_project/models/marts/fct_*_daily.sql`", "no file dbt_project/models/marts/fct_*_daily.sql"),
    "file without its folder": ("`storage.py`", "no file storage.py"),
    "folder": ("`defs/calendar/`", "no file defs/calendar/"),
    "folder of a home": ("`<home>/pipelines`", "no file <home>/pipelines"),
    "asset": ("`training/weekly_model`", "no file training/weekly_model"),
    "test": (
        "`tests/architecture/test_architecture_rooms.py::test_nothing`",
        "no file tests/architecture/test_architecture_rooms.py::test_nothing",
    ),
    "variable": ("`CHURN_FOLDER`", "no variable that is read as CHURN_FOLDER"),
    "variable of a setting": ("`CHURN__CHURN__WEEKS`", "no variable that is read as CHURN__CHURN__WEEKS"),
    "check, column or value": ("`nothing_is_leaked`", "no thing called nothing_is_leaked"),
    "pattern": ("`was_missing_<feature>`", "no thing called was_missing_..."),
    "span of two lines": ("`churn\ntrain`", "no command churn train"),
    "link": ("[there](elsewhere.md)", "no file elsewhere.md"),
    "heading of another document": ("[there](engineer.md#the-contract)", "no heading engineer.md#the-contract"),
    "heading": ("[there](#planting)", "no heading #planting"),
}  # fmt: skip
RIGHT = """# Planted

`churn.horizon_days` (28), `training.slices: 3`, `marts.fct_orders.amount`, `users.household_id`, `outbox.user_id`,
`churn run --snapshot DATE`, `--full-refresh`, `git pull && make setup`, `python -m benchmarks.model [--rows N]`,
`churn_assets.stages.Stage`, `landing/ids.py`, `feat_<family>.sql`, `defs/dbt/`, `<home>/dbt/logs`, `raw/orders`,
`tests/architecture/test_architecture_rooms.py::test_no_arrow_points_up`, `CHURN_HOME`, `CHURN__CHURN__HORIZON_DAYS`,
`no_feature_looks_ahead`, `is_missing_<feature>`, [a](engineer.md#the-raw-contract), [b](#planted), [c](../README.md).
"""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_document_names_what_there_is(document: Document) -> None:
    assert [str(wrong) for wrong in wrong_names(document) if wrong.name not in EXCEPTIONS] == []


def test_every_exception_is_needed() -> None:
    assert {wrong.name for document in DOCUMENTS for wrong in wrong_names(document)} >= set(EXCEPTIONS)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_wrong_name_is_told_with_document_and_line(kind: str) -> None:
    text, told = PLANTED[kind]
    (wrong,) = wrong_names(Document("docs/planted.md", f"# Planted\n\nSome text.\n\n{text}\n"))
    assert str(wrong).startswith(f"docs/planted.md:5: {told}")


def test_a_right_name_is_not() -> None:
    assert wrong_names(Document("docs/planted.md", RIGHT)) == []


def test_the_table_of_commands_has_them_all() -> None:
    section = ENGINEER.text.split("## Commands")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `churn ([a-z-]+(?: [a-z]+)?)[ `]", section, re.MULTILINE)
    assert sorted(listed) == sorted(set(known.commands()) - {"prepare", "serve"})


def test_every_command_takes_a_home() -> None:
    options = {name: [o for each in command.params for o in each.opts] for name, command in known.commands().items()}
    assert sorted(name for name in options if "--home" not in options[name]) == sorted(NEITHER)


def test_nothing_lies_in_the_documents_unread() -> None:
    assert {document.name for document in DOCUMENTS} >= {
        "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "expectations/README.md",
        *(file.relative_to(ROOT).as_posix() for file in (ROOT / "docs").rglob("*.md")),
    }  # fmt: skip
