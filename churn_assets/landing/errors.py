"""The one error of the landing."""

from churn_assets.failures import Failure


class LandingError(Failure, ValueError, code="landing"):
    """The landing cannot be read; the message names the file or folder, the cause and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(f"landing: {message}")
