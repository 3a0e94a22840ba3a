"""`churn explain`: the longer text about a code that stands at the end of an error."""

from __future__ import annotations

import json
from dataclasses import asdict
from difflib import get_close_matches

from churn_assets.failures import WrongArguments
from churn_assets.failures.codes import CODES
from churn_assets.instance.terminal import wide_console


def explain(name: str | None, *, as_json: bool) -> None:
    """Print what a code means, or all codes. Raises WrongArguments on one that there is not."""
    code = None if name is None else _known(name)
    if as_json:
        print(json.dumps(asdict(CODES[code]) if code else {each: asdict(CODES[each]) for each in CODES}, indent=2))
        return
    console = wide_console()
    if code is None:
        for each, text in CODES.items():
            console.print(f"{each:<12} {text.title}", soft_wrap=True)
        console.print("churn explain CODE says more.")
        return
    text = CODES[code]
    console.print(f"{code}: {text.title}\n\n{text.means}")
    for heading, lines in (("Usual causes", text.causes), ("What to do", text.steps), ("Documented in", text.see)):
        console.print(f"\n{heading}:")
        for line in lines:
            console.print(f"  - {line}", soft_wrap=True)


def _known(name: str) -> str:
    code = name.strip("[]").lower().replace("_", "-")
    if code in CODES:
        return code
    near = get_close_matches(code, CODES, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise WrongArguments(f"no error has the code {name}; {hint}churn explain lists them all.")
