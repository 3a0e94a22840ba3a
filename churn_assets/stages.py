"""The stages of the workflow, in order, once. Groups, key prefixes and the direction of edges follow from this list."""

from typing import Final


class Stage:
    """A stage is the first part of an asset key and the schema of its tables. Plain strings: Dagster stores them."""

    RAW: Final = "raw"
    STAGING: Final = "staging"
    MARTS: Final = "marts"
    FEATURES: Final = "features"
    TRAINING: Final = "training"
    SCORING: Final = "scoring"
    INTERVENTIONS: Final = "interventions"
    EFFECTS: Final = "effects"
    MONITORING: Final = "monitoring"


ORDER: Final = (
    Stage.RAW, Stage.STAGING, Stage.MARTS, Stage.FEATURES, Stage.TRAINING, Stage.SCORING, Stage.INTERVENTIONS,
    Stage.EFFECTS, Stage.MONITORING,
)  # fmt: skip
