"""A small neural network on numpy: two layers, trained in small steps, remembered smoothly.

Gradient boosting was as good on the same inputs, but has to be fitted anew, by a library of its
own; this takes a step in half a millisecond and learns for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

LEAK = 0.1
MOMENTUM, SCALE = 0.9, 0.999  # Adam (Kingma and Ba, 2015)
# Weights that answer are a running mean of those that learn (Polyak): a step more or less in the
# last minute moves nothing.
REMEMBER = 0.995


class Net:
    def __init__(self, inputs: int, hidden: int, outputs: int, rng: np.random.Generator) -> None:
        sizes = (inputs, hidden, hidden, outputs)
        self.weights: list[Any] = []
        for above, below in pairwise(sizes):
            self.weights += [
                rng.standard_normal((above, below)) * np.sqrt(2 / above),
                np.zeros(below),
            ]
        # Says nothing at first: what it is added to stands alone.
        self.weights[-2] *= 0.0
        self.steps = 0
        self.mean = [weight.copy() for weight in self.weights]
        self._first = [np.zeros_like(weight) for weight in self.weights]
        self._second = [np.zeros_like(weight) for weight in self.weights]

    def answer(self, rows: Any) -> Any:
        return _forward(self.mean, rows)[-1]

    def learn(self, rows: Any, slope: Callable[[Any], Any], rate: float, decay: float) -> None:
        """One step. `slope`: of the loss, for each output of each row."""
        layers = _forward(self.weights, rows)
        back = slope(layers[-1]) / len(rows)
        slopes: list[Any] = []
        for number in (2, 1, 0):
            slopes[:0] = [layers[number].T @ back, back.sum(axis=0)]
            if number:
                back = back @ self.weights[2 * number].T
                back = back * np.where(layers[number] > 0, 1.0, LEAK)
        self._step(slopes, rate, decay)

    def _step(self, slopes: list[Any], rate: float, decay: float) -> None:
        self.steps += 1
        first_fix = 1 - MOMENTUM**self.steps
        second_fix = 1 - SCALE**self.steps
        remember = min(REMEMBER, self.steps / (self.steps + 10))
        for number, slope in enumerate(slopes):
            first, second = self._first[number], self._second[number]
            first += (1 - MOMENTUM) * (slope - first)
            second += (1 - SCALE) * (slope**2 - second)
            weight = self.weights[number]
            weight -= rate * (first / first_fix) / (np.sqrt(second / second_fix) + 1e-8)
            if weight.ndim == 2:
                weight *= 1 - rate * decay
            self.mean[number] += (1 - remember) * (weight - self.mean[number])

    def arrays(self) -> list[Any]:
        """All of it, to be written down; `restore` takes them back."""
        return [*self.weights, *self.mean, *self._first, *self._second]

    def restore(self, arrays: list[Any], steps: int) -> None:
        for mine, other in zip(self.arrays(), arrays, strict=True):
            mine[...] = other
        self.steps = steps


def _forward(weights: list[Any], rows: Any) -> list[Any]:
    """What goes into each layer, and what comes out of the last."""
    layers = [rows]
    for number in (0, 1):
        sums = layers[-1] @ weights[2 * number] + weights[2 * number + 1]
        layers.append(np.where(sums > 0, sums, LEAK * sums))
    layers.append(layers[-1] @ weights[4] + weights[5])
    return layers
