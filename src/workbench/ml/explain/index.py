"""What the index of a subspace or an autoencoder is the sum of: parts of the features, none negative, from nothing.

*Subspace*: the squares of metric^(1/2) z sum to z' metric z (complete decomposition; Alcala and Qin, "Reconstruction-based
contribution for process monitoring", Automatica 2009). *Autoencoder*: the squares of what is left of each sensor, over their
usual size, sum to the index; a sensor's part is shared alike by its steps. A part tells which sensor does not fit the
others. Where one sensor was shifted by plan, these parts named it more often than integrated gradients of the same index did.
"""

from __future__ import annotations

import numpy as np

from workbench.ml.anomaly.index import IndexDetector
from workbench.ml.arrays import FloatArray

from .margin import Margin

INDEX = "index (parts of squares; 0: just as learned)"


def index_parts(detector: IndexDetector, matrix: FloatArray) -> Margin:
    """Return the index of each row with the parts that it is the sum of."""
    return Margin(
        output="anomaly",
        units=INDEX,
        method="index_parts",
        base=np.zeros(len(matrix)),
        contributions=detector._blame(matrix),
        margin=detector._raw(matrix),
        answer=detector._predict(matrix),
        to_answer="score 0 to 1 by how rare the index is among normal rows that the detector had not learned from",
        decides=np.ones(len(matrix), dtype=bool),
    )
