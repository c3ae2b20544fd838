"""What a config may say of a search for a classifier's options: its section ``tune``, beside a plain grid."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.config.promotion_policy import Strict

MAX_CANDIDATES = 10_000
"""Of a search or a grid: fitted one after the other, even classifiers of a second would take three hours."""

MAX_BATCH = 1000
"""More candidates at once would learn nothing from each other."""

SCORE, SPEED, SIZE = "score", "rows_per_second", "megabytes"
"""What candidates can be better in: the primary metric, and what is measured of finalists alone."""

Objective = Literal["score", "rows_per_second", "megabytes"]


def _as_tuple(value: Any) -> Any:
    # YAML has lists alone, and strict mode takes no list for a tuple.
    return tuple(value) if isinstance(value, list) else value


class AtLeast(Strict):
    """What the chosen candidate has to reach, whatever its score."""

    rows_per_second: float = Field(
        gt=0,
        allow_inf_nan=False,
        description="Rows that it labels in a second, on the machine that searches.",
    )


class SearchBudget(Strict):
    """What every search of an experiment may take, so that its classifiers are compared at equal cost."""

    trials: int = Field(ge=2, le=MAX_CANDIDATES, description="Candidates of each search.")
    minutes: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Minutes of fitting candidates, of each search."
    )


class SearchSettings(Strict):
    """How options are searched for."""

    search: Literal["grid", "random", "tpe"] = Field(
        "tpe",
        description="grid tries every combination, random draws, tpe draws where others did well.",
    )
    trials: int | None = Field(
        None, ge=2, le=MAX_CANDIDATES, description="Candidates to try. Required, but for a grid."
    )
    minutes: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="No batch begins after so many minutes of fitting candidates. Without it, a"
        " search that is resumed ends with the same candidates.",
    )
    batch: int = Field(
        1,
        ge=1,
        le=MAX_BATCH,
        description="Candidates that are drawn at once, by the results of earlier batches, and fitted at once"
        " where run.executor is processes or ray. Another batch draws other candidates.",
    )
    prune: Literal["hyperband"] | None = Field(
        None, description="Ends the training of candidates that fall behind; for classifiers with epochs."
    )
    once: bool = Field(
        False,
        description="Search once a fold, with the first seed; the other seeds use the options that it chose.",
    )
    at_least: AtLeast | None = Field(None, description="What the chosen candidate has to reach.")
    objectives: Annotated[tuple[Objective, ...], BeforeValidator(_as_tuple)] = Field(
        ("score",),
        min_length=1,
        description="What the report weighs against each other; the best score is chosen in any case.",
    )
    space: dict[str, Any] = Field(
        min_length=1,
        description="Option, or group.option, to a list of values or to low, high and log.",
    )

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> SearchSettings:
        if self.search == "grid" and self.trials is not None:
            raise ValueError("trials has no effect on a grid, which tries every combination")
        if self.search != "grid" and self.trials is None:
            raise ValueError(f"trials is required: how many candidates {self.search} tries")
        if SCORE not in self.objectives or len(set(self.objectives)) < len(self.objectives):
            raise ValueError(f"objectives should name {SCORE}, and each objective once")
        if self.prune is not None and len(self.objectives) > 1:
            raise ValueError("prune needs a single objective: what falls behind in one may lead in another")
        return self


KEYS = frozenset(SearchSettings.model_fields)
