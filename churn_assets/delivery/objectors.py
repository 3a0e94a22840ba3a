"""Users who object at a moment, by what is on record here and what lies in the landing, before any run has read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from churn_assets.consent.rule import Consent, objects
from churn_assets.delivery.consents import consents_sql
from churn_assets.duck import duck
from churn_assets.workplace import Workplace

RECEIVED = """
select user_id, channel, is_granted, changed_at, received_at from consent_words
where source <> 'assumed' and user_id in (select user_id from consent_words where not is_granted)
"""
DELIVERED = """
with said as ({sql})

select user_id, channel, is_granted, counts_at, known_at, changed_at from said
where user_id in (select user_id from said where not is_granted) or list_contains($users, user_id)
"""


def objectors(workplace: Workplace, now: datetime) -> set[str]:
    """Who allows nothing any more, and who is never to be written to. Raises LandingError."""
    with workplace.record.reading() as connection:
        received = connection.execute(RECEIVED).fetchall()
        suppressed = {user for (user,) in connection.execute("select user_id from suppressions")}
    consents: dict[str, list[Consent]] = defaultdict(list)
    for user, channel, is_granted, changed_at, received_at in received:
        changed, known = datetime.fromisoformat(changed_at), datetime.fromisoformat(received_at)
        consents[user].append(Consent(channel, bool(is_granted), changed, known, changed))
    for user, channel, is_granted, counts_at, known_at, changed_at in _delivered(workplace, list(consents)):
        consents[user].append(Consent(channel, is_granted, counts_at, known_at, changed_at))
    return suppressed | {user for user, theirs in consents.items() if objects(theirs, now)}


def _delivered(workplace: Workplace, users: list[str]) -> Iterable[tuple[str, str, bool, datetime, datetime, datetime]]:
    """Of users who said no in the landing, and of `users`."""
    landed = workplace.landing().get("consents")
    if landed is None:
        return []
    with duck() as connection:
        return connection.execute(DELIVERED.format(sql=consents_sql(landed)), {"users": users}).fetchall()
