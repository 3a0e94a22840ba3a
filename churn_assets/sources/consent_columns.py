"""Consents in files of customers and orders: a column per channel, or a file that is a list of one kind."""

from __future__ import annotations

from churn_assets.contracts.raw import raw_table
from churn_assets.sources import headers
from churn_assets.sources.fit import Made, Part, Sample, made_of
from churn_assets.sources.values import is_yes_or_no, time_form

# Names of files: a list of people who left is a list of noes.
LISTS = ((("unsubscribed", "cleaned", "suppress", "opt_out", "optout"), "no"), (("subscribed", "opt_in"), "yes"))
OF_A_CHANNEL = 0.1


def consents_of(sample: Sample, main: Part | None) -> list[Part]:
    """`main`: the table that the file is besides."""
    user = main.columns["user_id"] if main else {"hash": sample.address} if sample.address else None
    if user is None:
        return []
    parts = []
    for channel, names in headers.consent_names().items():
        header = sample.closest(names, is_yes_or_no)
        if header is not None:
            parts.append(_part(sample, main, user, channel, {"column": header}))
    if not parts and (main is None or main.table == "users"):
        answer = next((answer for words, answer in LISTS if _is_called(sample, words)), None)
        parts = [_part(sample, main, user, "email", {"constant": answer})] if answer else []
    return parts


def _part(sample: Sample, main: Part | None, user: Made, channel: str, granted: Made) -> Part:
    columns = {
        "user_id": user, "channel": {"constant": channel}, "purpose": {"constant": "direct_marketing"},
        "is_granted": granted, "changed_at": _since(sample, main, channel, granted),
    }  # fmt: skip
    return Part(sample, "consents", columns, {"only": {granted["column"]: "filled"}} if "column" in granted else {})


def _since(sample: Sample, main: Part | None, channel: str, granted: Made) -> Made:
    """When it was said: at the order, in a column of its own, or else when the file was written."""
    if main is not None and main.table == "orders":
        return main.columns["ordered_at"]
    names = headers.names_of("consents", "changed_at")
    of_leaving = granted.get("constant") == "no"
    of_object = str(granted.get("column", "")).rpartition(".")[0]  # the time beside the answer, not that of the profile
    scored = [
        (
            headers.closeness(header, names)
            + OF_A_CHANNEL * (channel in words)
            + of_leaving * ("unsub" in words)
            + (bool(of_object) and header.startswith(f"{of_object}.")),
            header,
        )
        for header in sample.columns
        if (words := headers.words_of(header)) and time_form(sample.values(header))
    ]
    score, header = max(scored, default=(0.0, ""))
    if score < headers.LEAST + 0.2:
        return {"file_time": True}
    return made_of(sample, raw_table("consents").column("changed_at"), header)


def _is_called(sample: Sample, words: tuple[str, ...]) -> bool:
    name = f"{sample.name} {sample.files.rsplit('/', 1)[-1]}".lower()
    return any(word in name for word in words)
