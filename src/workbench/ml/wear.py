"""Which way readings move when a machine of this kind wears, learned from lives that ended: the condition indicators."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from .arrays import FloatArray, ObjectArray

# Machines of one kind wear in more ways than one, whose directions may cancel each other; each needs lives to learn from.
WAYS = 2
LIVES_PER_WAY = 10
LEAST_LIVES = 3
# Part of a life that counts as its beginning, and the rows that either end of it needs.
BEGINNING = 0.25
LEAST_ROWS = 2
SHRINKAGE = 0.1


def ways_of_wear(levels: FloatArray, life: ObjectArray, remaining: FloatArray, *, near: float) -> FloatArray:
    """Return weights of the sensors, shape (ways, sensors): each weighted sum rises as machines wear that way.

    Each is the linear discriminant between the end of lives and their own beginning: the mean way from one to the
    other, every life counting alike, with each sensor weighed by how little it scatters about a life's beginning
    (Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 1936). With twenty lives or
    more two ways are told apart, by k-means of the lives' directions. No row where no life was seen to wear.

    Args:
        levels: standardised readings averaged over a short while, shape (rows, sensors); gaps count as usual (0).
        life: which life a row belongs to; rows of a life in order of time.
        remaining: life left after each row, NaN or infinite where its end is not known.
        near: life left from which on a life is at its end.
    """
    levels = np.nan_to_num(levels)
    begins, moves = [], []
    for name in np.unique(life[remaining <= near]):
        rows = np.flatnonzero(life == name)
        begin, end = rows[: int(BEGINNING * len(rows))], rows[remaining[rows] <= near]
        begin = begin[~np.isin(begin, end)]
        if min(len(begin), len(end)) >= LEAST_ROWS:
            begins.append(levels[begin] - levels[begin].mean(axis=0))
            moves.append(levels[end].mean(axis=0) - levels[begin].mean(axis=0))
    if len(moves) < LEAST_LIVES:
        return np.zeros((0, levels.shape[1]))
    scatter = np.concatenate(begins)
    noise = scatter.T @ scatter / len(scatter)
    alive = np.diag(noise) > 1e-9
    if not alive.any():
        return np.zeros((0, levels.shape[1]))
    noise = noise[np.ix_(alive, alive)]
    noise += SHRINKAGE * np.trace(noise) / len(noise) * np.eye(len(noise))
    # In these coordinates scatter is alike in all directions, so that their angles mean something.
    whitened = np.linalg.cholesky(np.linalg.inv(noise))
    towards = np.array(moves)[:, alive] @ whitened
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    several = len(towards) >= WAYS * LIVES_PER_WAY and len(np.unique(towards, axis=0)) >= WAYS
    ways = WAYS if several else 1
    label = KMeans(ways, n_init=10, random_state=0).fit_predict(towards) if ways > 1 else np.zeros(len(towards), int)
    weights = np.zeros((ways, levels.shape[1]))
    for way in range(ways):
        weights[way, alive] = whitened @ towards[label == way].mean(axis=0)
    return weights
