"""Which family of life models suits what the data offer: supervised, degradation or survival; trees alone, or a network too."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Literal

import numpy as np

from workbench.errors import NotEnoughData

from .arrays import FloatArray, ObjectArray
from .degradation import DegradationLife
from .ensemble import BlendedRul
from .evidence import FAILURES_NEEDED
from .features_canonical import PASSAGE
from .intervals import CalibratedRul
from .rul import BoostedRul
from .spec import FLEET

# With fewer lives than this a network learns the units by heart.
LIVES_FOR_NETWORK = 30
# With fewer lives than this trees learn the units by heart; a line on a few indicators does not.
LIVES_FOR_TREES = 10
# An indicator as a share of its limit, over two windows, how long it needs to it, and the age: what a line needs where
# limits are known.
PATH_FEATURES = ("age", "limit_share_short", "limit_share_long", "over_limit_long", PASSAGE)
Family = Literal["supervised", "degradation", "survival"]


def choose_family(*, lives: int, failures: int, features: Sequence[str]) -> tuple[Family, str]:
    """Return the family that the data can bear, and why.

    Args:
        lives: lives with readings that ended in failure.
        failures: failures among all lives known, with or without readings.
        features: names of the features of the readings; a share of a limit among them means a known threshold.

    Raises:
        NotEnoughData: too few failures for any family.

    >>> choose_family(lives=40, failures=40, features=("age",))[0]
    'supervised'
    >>> choose_family(lives=7, failures=7, features=("age", "limit_share_short"))
    ('degradation', '7 of 10 run-to-failure lives for trees, but indicators with a known limit')
    >>> choose_family(lives=0, failures=30, features=())[0]
    'survival'
    """
    known_limit = any(name.startswith("limit_share") for name in features)
    if lives >= LIVES_FOR_TREES or (lives >= FAILURES_NEEDED and not known_limit):
        return "supervised", f"{lives} run-to-failure lives with readings"
    short = f"{lives} of {LIVES_FOR_TREES} run-to-failure lives for trees"
    if lives >= FAILURES_NEEDED:
        return "degradation", f"{short}, but indicators with a known limit"
    if failures >= FAILURES_NEEDED:
        return (
            "survival",
            f"{lives} of {FAILURES_NEEDED} run-to-failure lives with readings, but {failures} known lifetimes",
        )
    raise NotEnoughData(f"{failures} of {FAILURES_NEEDED} failures needed", "Record failures as asset events.")


def degradation_features(features: Sequence[str]) -> list[str]:
    """Return those of ``features`` that say how far indicators are on their way to their limits."""
    return [name for name in PATH_FEATURES if name in features]


def supervised_life(*, cap: float, seed: int, lives: int, scope: str) -> BoostedRul | BlendedRul:
    """Return the unfitted estimator for data of ``scope`` with ``lives`` lives that ended in a failure."""
    if _why_no_network(lives, scope) is None:
        return BlendedRul(cap=cap, seed=seed)
    return BoostedRul(cap=cap, seed=seed)


def ended_lives(y: FloatArray, life: ObjectArray, cap: float) -> int:
    """Return how many lives have a row less than ``cap`` before their end."""
    return len(np.unique(np.asarray(life)[y < cap].astype(str)))


def family_facts(model: CalibratedRul, *, lives: int, scope: str) -> dict[str, float | str]:
    """Say which family a fitted model is of and why, for the registry."""
    if isinstance(model, DegradationLife):
        return {"family": "degradation", "trees": f"not tried: {lives} of {LIVES_FOR_TREES} lives that ended"}
    if isinstance(model, BlendedRul):
        family = "boosted trees and network" if model.share_ > 0 else "boosted trees"
        near_end = (
            "told again" if model.near_end_ is not None else "as blended: telling it again would surely gain nothing"
        )
        return {"family": family, "network_share": model.share_, "network_gain": model.gain_, "near_end": near_end}
    why = _why_no_network(lives, scope)
    return {"family": "boosted trees"} if why is None else {"family": "boosted trees", "network": f"not tried: {why}"}


def _why_no_network(lives: int, scope: str) -> str | None:
    """Say what keeps a network from being tried; None where nothing does."""
    if scope == FLEET:
        return "machines of many types share the model"
    if lives < LIVES_FOR_NETWORK:
        return f"{lives} of {LIVES_FOR_NETWORK} lives that ended"
    if any(importlib.util.find_spec(name) is None for name in ("torch", "safetensors")):
        return "torch and safetensors are not installed (extra deep)"
    return None
