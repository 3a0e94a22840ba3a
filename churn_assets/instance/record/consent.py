"""The rule of consent (churn_assets/consent/rule.py) in SQL of SQLite over the table `consent_words`.

Times are compared as text of 26 characters, so that a time with and one without a fraction of a second compare right.
The trigger on the outbox has the same text (migrations/0002): a test compares them.
"""

from __future__ import annotations

CONSENT_HOLDS = """coalesce((
  select max(case when is_granted then moment end)
      > coalesce(max(case when not is_granted and channel <> 'all' then moment end), '')
    and coalesce(max(case when is_granted and channel = 'all' then moment end), '')
      >= coalesce(max(case when not is_granted and channel = 'all' then moment || ' ' end), '')
  from (
    select channel, is_granted, substr(changed_at || '.000000', 1, 26) as moment from consent_words
    where user_id = {user} and channel in ({channel}, 'all') and {known}
  )
), 0)"""


def consent_holds(user: str, channel: str, known: str = "1") -> str:
    """1 where a message may go, else 0; all three are SQL, `known` a condition on the rows that count."""
    return CONSENT_HOLDS.format(user=user, channel=channel, known=known)
