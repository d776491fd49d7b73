"""What every part of a record has in common."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from suite.text import clean

Seconds = Annotated[float, Field(gt=0, lt=1e6)]
"""A time that something took: more than none, less than eleven days."""

Positive = Annotated[float, Field(gt=0, lt=1e30)]
Bound = Annotated[float, Field(ge=0)]
Interval = tuple[Bound, Bound]
"""A ratio's; from 0 to the largest float where too little was measured for one to claim anything."""

Count = Annotated[int, Field(ge=1, lt=1 << 50)]
Bytes = Annotated[int, Field(ge=1, lt=1 << 60)]


def _of_this_century(utc: datetime) -> datetime:
    if not 2000 <= utc.year < 2100:
        raise ValueError(f"the year {utc.year} is none that a record is from")
    return utc


Moment = Annotated[AwareDatetime, AfterValidator(_of_this_century)]


class Typed(BaseModel):
    """Frozen, without unknown fields, infinities or NaN; its text is cleaned, whoever wrote it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _cleaned(cls, given: Any) -> Any:
        """Texts, and those in dictionaries and sequences; what is a Typed itself has its own turn."""
        if not isinstance(given, dict):
            return given
        try:
            return {name: value if type(value) in NO_TEXT else _clean(value) for name, value in given.items()}
        except RecursionError:
            raise ValueError("it is nested deeper than anything in a record") from None


NO_TEXT = frozenset({float, int, bool, type(None)})
"""Most fields are of these: a run has forty thousand."""


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _cleaned_text(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(each) for key, each in value.items()} if _holds_text(value) else value
    if isinstance(value, list | tuple) and any(isinstance(each, str) for each in value):
        return type(value)(_clean(each) for each in value)
    return value


_cleaned_text = lru_cache(maxsize=4096)(clean)
"""Most texts of a run are names, and stand in it hundreds of times."""


def _holds_text(value: dict[Any, Any]) -> bool:
    return any(isinstance(each, str | dict | list | tuple) for pair in value.items() for each in pair)
