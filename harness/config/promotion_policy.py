"""What a config may ask of a model before it becomes champion: its section ``promotion``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Frozen, without unknown keys or silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Action = Literal["block", "warn", "off"]
"""What a failed audit does to a promotion."""

ACTIONS: Mapping[str, Action] = {
    "leaks": "block",
    "target_use": "block",
    "sensitivity": "block",
    "party_swap": "block",
    # Every small classifier that we know of fails it: it would block them all, and then nobody would heed it.
    "behaviour": "warn",
    "unseen": "warn",
    "annotators": "warn",
    # That a classifier errs more about one party is a reason to look, and often due to the sentences.
    "parity": "warn",
}
"""The defaults, by audit. An audit of one's own warns."""

GATES = ("baseline", "test", "calibration", "abstention", "size", "latency", "speed")
"""Gates that are no audits and may be waived."""


class PromotionPolicy(Strict):
    """What a model has to meet before it becomes champion. It may change without any run being repeated."""

    audits: dict[str, Action] = Field(
        default_factory=dict,
        description="What a failed audit does: block, warn or off. Verdicts other than failed never block."
        " Default: leaks, target_use, sensitivity and party_swap block, the others warn.",
    )
    waive: dict[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Gates that may fail (an audit, baseline, test, calibration, size, latency, speed),"
        " each with the reason, which the version keeps.",
    )
    margin: float = Field(
        0.01,
        ge=0,
        description="Test only vetoes: where the model is worse than the champion by more than this, with the"
        " whole 95 % interval of the paired test.",
    )
    no_worse: bool = Field(
        False,
        description="Whether test has to show that the model is no worse than the champion by more than the"
        " margin (non-inferiority): then an undecided test blocks too.",
    )
    times_as_fast: float | None = Field(
        None,
        gt=0,
        description="How many times as fast as the champion the model has to label, both timed by whoever"
        " promotes; null: any.",
    )
    calibration: float | None = Field(
        0.1, gt=0, description="Highest calibration error on validation, beyond chance; null: any."
    )
    max_megabytes: float | None = Field(2000.0, gt=0, description="Size of the model's files; null: any.")
    max_milliseconds: float | None = Field(
        1000.0, gt=0, description="Time per sentence on the machine that promotes; null: any."
    )

    def action(self, audit: str) -> Action:
        """Return what a failure of an audit does."""
        return self.audits.get(audit, ACTIONS.get(audit, "warn"))

    def blocks(self, audit: str) -> bool:
        """Say whether a failure of an audit stops a promotion."""
        return self.action(audit) == "block" and audit not in self.waive
