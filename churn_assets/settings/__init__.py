"""All settings, typed, with unit and reason, and the catalogue of arms, which is one of them."""

from churn_assets.settings.decisions import Decisions
from churn_assets.settings.delivery import Delivery
from churn_assets.settings.extra import ExtraColumn
from churn_assets.settings.landing import Landing
from churn_assets.settings.load import Settings, SettingsError, load_settings
from churn_assets.settings.model import Profit, Training
from churn_assets.settings.sections import CalendarSection, Churn, Console, Features, Monitoring, Report, Scoring, Ui

__all__ = [
    "CalendarSection", "Churn", "Console", "Decisions", "Delivery", "ExtraColumn", "Features", "Landing", "Monitoring",
    "Profit", "Report", "Scoring", "Settings", "SettingsError", "Training", "Ui", "load_settings",
]  # fmt: skip
