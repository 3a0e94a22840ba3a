"""The one error of pulling."""

from churn_assets.failures import Failure


class PullError(Failure, code="pull"):
    """A source cannot be read; the message names source, table and column, the cause and what to do; no password."""
