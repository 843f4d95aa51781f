"""Methods that are fitted once, on the months to learn from, and then only look things up: a mean,
a median by position, a regression, boosting; and the bands that the formulas' own past errors,
or queueing theory, put around their numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .inputs import INPUTS
from .metrics import Said
from .replay import Records

SHARES = (0.1, 0.5, 0.9)
GROUPS = 10  # of forecasts by size, each with quantiles of its own
SOFT_S = 10.0  # added to both before waits are compared by their ratio
MOST_AHEAD = 40
RIDGE = 1.0
TREES = {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 100, "feature_fraction": 0.6}
ROUNDS = 250


class NoBoosting(ImportError):
    """LightGBM is not installed: it comes with the development extra only."""


def compare(learn: Records, test: Records) -> Iterator[tuple[str, Callable[[], Said]]]:
    """Each baseline's name, and what it says to those of `test`."""
    yield "mean", lambda: _banded(*_constant(learn, test), learn, test)
    for name, points in test.points.items():
        yield name, lambda n=name, p=points: _banded(learn.points[n], p, learn, test)  # type: ignore[misc]  # mypy infers no type for defaults
    yield "erlang", lambda: _erlang(test)
    yield "median_by_position", lambda: _by_position(learn, test)
    yield "ridge", lambda: _banded(*_ridge(learn, test), learn, test)
    yield "boosting", lambda: boosting(learn.inputs, learn.wait_s, test.inputs)


def boosting(inputs: Any, wait_s: Any, ask: Any) -> Said:
    """Gradient boosted trees, one model for each figure. Raises NoBoosting."""
    try:
        import lightgbm
    except ImportError as error:
        raise NoBoosting("lightgbm is not installed") from error

    def fitted(objective: str, alpha: float) -> Any:
        how = TREES | {
            "objective": objective,
            "alpha": alpha,
            "verbosity": -1,
            "num_threads": 1,
            "seed": 1,
            "deterministic": True,
        }
        model = lightgbm.train(how, lightgbm.Dataset(inputs, wait_s), ROUNDS)
        return np.maximum(0.0, model.predict(ask))

    low, median, high = (fitted("quantile", share) for share in SHARES)
    return Said(median, fitted("regression", 0.5), low, median, high)


def _constant(learn: Records, test: Records) -> tuple[Any, Any]:
    mean = float(np.mean(learn.wait_s))
    return np.full(len(learn.wait_s), mean), np.full(len(test.wait_s), mean)


def _banded(learned: Any, asked: Any, learn: Records, test: Records) -> Said:
    """Quantiles of wait by forecast, for forecasts of about this size."""
    edges = np.unique(np.quantile(learned, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    group, ask_group = np.searchsorted(edges, learned), np.searchsorted(edges, asked)
    ratio = (learn.wait_s + SOFT_S) / (np.maximum(0.0, learned) + SOFT_S)
    table = np.array(
        [
            np.quantile(ratio[group == one] if (group == one).any() else ratio, SHARES)
            for one in range(len(edges) + 1)
        ]
    )
    scaled = table[ask_group] * (np.maximum(0.0, asked)[:, None] + SOFT_S) - SOFT_S
    low, median, high = np.maximum(0.0, scaled).T
    return Said(asked, asked, low, median, high)


def _by_position(learn: Records, test: Records) -> Said:
    place = np.minimum(learn.ahead, MOST_AHEAD).astype(int)
    table = np.zeros((MOST_AHEAD + 1, len(SHARES)))
    means = np.zeros(MOST_AHEAD + 1)
    for ahead in range(MOST_AHEAD + 1):
        waits = learn.wait_s[place == ahead]
        if len(waits) >= 20:
            table[ahead], means[ahead] = np.quantile(waits, SHARES), waits.mean()
        elif ahead:
            table[ahead], means[ahead] = table[ahead - 1], means[ahead - 1]
    ask = np.minimum(test.ahead, MOST_AHEAD).astype(int)
    low, median, high = table[ask].T
    return Said(median, means[ask], low, median, high)


def _ridge(learn: Records, test: Records) -> tuple[Any, Any]:
    centre, scale = learn.inputs.mean(axis=0), learn.inputs.std(axis=0) + 1e-9

    def columns(inputs: Any) -> Any:
        scaled = np.clip((inputs - centre) / scale, -6, 6)
        return np.hstack([scaled, np.ones((len(scaled), 1))])

    table = columns(learn.inputs)
    left = table.T @ table + RIDGE * np.eye(table.shape[1])
    weights = np.linalg.solve(left, table.T @ learn.wait_s)
    return tuple(np.maximum(0.0, columns(one.inputs) @ weights) for one in (learn, test))


def _erlang(test: Records) -> Said:
    """Theory: the wait at place k is a sum of k exponential gaps between the ends of visits."""
    places = test.ahead + 1
    scale = test.inputs[:, INPUTS.index("handling_lately_s")] / np.maximum(
        1, test.inputs[:, INPUTS.index("busy")]
    )
    low, median, high = (_gamma_quantile(places, share) * scale for share in SHARES)
    return Said(median, places * scale, low, median, high)


def _gamma_quantile(shape: Any, share: float) -> Any:
    """Of a whole shape: the share of a Poisson sum, found by halving."""
    low, high = np.zeros(len(shape)), shape * 4 + 20.0
    for _ in range(50):
        middle = (low + high) / 2
        under = _erlang_cdf(shape, middle) < share
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return (low + high) / 2


def _erlang_cdf(shape: Any, at: Any) -> Any:
    total, term = np.zeros(len(at)), np.exp(-at)
    for count in range(math.ceil(shape.max(initial=0))):
        total += np.where(count < shape, term, 0.0)
        term = term * at / (count + 1)
    return 1 - total
