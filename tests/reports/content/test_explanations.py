"""Drawings of explanations: every part is there, hostile names are text, and what cannot be drawn is refused."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from workbench.domain.explanations import (
    Explanation,
    FeatureContribution,
    GlobalExplanation,
    GlobalFeature,
    SourceContribution,
)
from workbench.errors import InputError
from workbench.reports.content import beeswarm, dependence, sensor_waterfall, waterfall

HOSTILE = "<script>alert('x')</script>\"&"


def explanation(added=(0.9, -0.4, 0.1), **changes):
    features = tuple(
        FeatureContribution(feature=f"f{k}", words=f"{HOSTILE}{k}", value=None, told=HOSTILE, contribution=c)
        for k, c in enumerate(added)
    )
    given = {
        "explanation_id": "e1",
        "prediction_id": "p",
        "machine_id": "pump_01",
        "as_of": "2026-01-01T00:00:00Z",
        "task": "health",
        "version_id": "v",
        "scope": "fleet",
        "output": f"failure within 24 h {HOSTILE}",
        "method": "tree_shap",
        "units": "log-odds",
        "base_value": -1.0,
        "margin": -1.0 + sum(added),
        "features": features,
        "rest": 0.0,
        "sources": tuple(
            SourceContribution(source=HOSTILE + str(k), is_sensor=True, contribution=c) for k, c in enumerate(added)
        ),
        "answer": 0.4,
        "to_answer": HOSTILE,
    }
    return Explanation.model_validate(given | changes)


def overview(values=(0.5, None, 2.0, 3.0)):
    feature = {"words": HOSTILE, "mean_absolute": 0.2, "contributions": (0.1, -0.2, 0.3, 0.2), "values": values}
    given = {
        "explanation_id": "g1",
        "version_id": "v",
        "task": "rul",
        "scope": "fleet",
        "as_of": "2026-01-01T00:00:00Z",
        "output": HOSTILE,
        "method": "tree_shap",
        "units": "cycles",
        "base_value": 10.0,
        "machines": 2,
        "rows": 4,
        "features": (GlobalFeature(feature="f", **feature), GlobalFeature(feature="g", **feature)),
        "others": 0,
        "sources": (),
        "to_answer": "clipped",
    }
    return GlobalExplanation.model_validate(given)


def parsed(fragment):
    return ElementTree.fromstring(f"<div>{fragment}</div>")  # noqa: S314 - our own drawing


DRAWN = {
    "waterfall": lambda: waterfall(explanation()),
    "sensors": lambda: sensor_waterfall(explanation()),
    "beeswarm": lambda: beeswarm(overview()),
    "dependence": lambda: dependence(overview(), "f"),
}


@pytest.mark.parametrize("name", list(DRAWN))
def test_a_drawing_is_well_formed_accessible_and_takes_names_as_text(name):
    fragment = DRAWN[name]()
    assert "<script" not in str(fragment)
    (drawing,) = parsed(fragment).iter("svg")
    assert drawing.attrib["role"] == "img"
    title, description = drawing.find("title"), drawing.find("desc")
    assert drawing.attrib["aria-labelledby"].split() == [title.attrib["id"], description.attrib["id"]]
    assert title.text
    assert description.text
    assert fragment._repr_mimebundle_()["text/html"] == str(fragment)


def test_a_waterfall_tells_signs_without_colour_and_sums_what_is_left():
    drawn = waterfall(explanation(added=(0.9, -0.4, 0.1)), most=1)
    words = [one.text for one in parsed(drawn).iter("text")]
    assert {"+0.9", "−0.3", "2 other features", "Margin", "−0.4", "−1"} <= set(words)
    fills = [one.attrib["style"].split(";")[0] for one in parsed(drawn).iter("rect")]
    assert len(set(fills)) == 2, "what raises is filled, what lowers is hollow"


def test_a_prediction_at_its_base_value_can_be_drawn():
    assert "Margin" in str(waterfall(explanation(added=())))


def test_missing_values_are_drawn_apart():
    assert "missing" in str(dependence(overview(), "f"))
    assert "missing" not in str(dependence(overview((1.0, 2.0, 3.0, 4.0)), "f"))
    assert str(beeswarm(overview((None,) * 4)))


def test_a_model_that_no_feature_moves_is_told_as_such():
    assert "No feature moves" in str(beeswarm(overview().model_copy(update={"features": ()})))


def test_a_feature_that_is_not_listed_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"Choose one of: f, g"):
        dependence(overview(), "nope")
