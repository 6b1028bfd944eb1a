"""A score that is above its threshold never reads as if it were equal to it."""

from __future__ import annotations

import pytest

from workbench.domain.predictions import Anomaly


@pytest.mark.parametrize(
    ("score", "threshold", "words"),
    [
        (0.8, 0.33, "anomaly score 0.80, above its threshold 0.33"),
        (0.3341, 0.3312, "anomaly score 0.334, above its threshold 0.331"),
        (0.33123, 0.33122, "anomaly score 0.33123, above its threshold 0.33122"),
        (0.331220001, 0.33122, "anomaly score 0.33122, just above its threshold"),
        (0.1, 0.33, "anomaly score 0.10, below its threshold 0.33"),
        (0.33, 0.33, "anomaly score 0.33000, at its threshold"),
    ],
)
def test_score_and_threshold_are_told_apart(score, threshold, words):
    assert Anomaly(score=score, threshold=threshold, is_anomaly=score > threshold).in_words() == words
