"""The calendar of the home that this process serves, as the asset modules see it while they are loaded.

Import it from modules that define assets only: it reads the home, which the command line settles first.
"""

from churn_assets.defs.calendar import Calendar
from churn_assets.defs.home import Home

CALENDAR = Calendar.of(Home.from_environment())
