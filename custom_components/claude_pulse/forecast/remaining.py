"""Distributions of the usage that is still to come in a window, in points. Pure.

`slope` is the number of points by which the remaining usage rises per point of usage so far.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import exp, log
from statistics import NormalDist

_NORMAL = NormalDist()


class SkewedRemaining:
    """A shifted log-normal distribution with a longer lower tail.

    `deviation` is the standard deviation of log(usage + `shift`) above the median. Below
    it, it is `_SKEW` times as large: people often stop early.
    """

    _SKEW = 1.5

    def __init__(
        self, median: float, shift: float, deviation: float, slope: float
    ) -> None:
        """Initialize the distribution."""
        self.slope = slope
        self._deviation = deviation
        self._median = median
        self._shift = shift

    def quantile(self, probability: float) -> float:
        """Return the usage that is not exceeded with a probability from 0 to 1."""
        deviations = _NORMAL.inv_cdf(probability)
        deviations *= self._deviation_on_side_of(deviations)
        amount = (self._median + self._shift) * exp(deviations)
        return max(amount - self._shift, 0)

    def probability(self, points: float) -> float:
        """Return the probability that at most this many points are used."""
        distance = log((points + self._shift) / (self._median + self._shift))
        return _NORMAL.cdf(distance / self._deviation_on_side_of(distance))

    def _deviation_on_side_of(self, distance: float) -> float:
        """Return the standard deviation below or above the median."""
        return self._deviation * (self._SKEW if distance < 0 else 1)


class SampledRemaining:
    """The distribution of weighted samples, which are all multiplied by `scale`."""

    def __init__(
        self, samples: Iterable[tuple[float, float]], scale: float, slope: float
    ) -> None:
        """Initialize the distribution with pairs of a usage and its weight."""
        ordered = sorted(samples)
        total = sum(weight for _, weight in ordered)
        ends = accumulate(weight for _, weight in ordered)
        self.slope = slope
        self._scale = scale
        self._values = [value for value, _ in ordered]
        # A sample is in the middle of its share of the probability.
        self._shares = [
            (end - weight / 2) / total
            for end, (_, weight) in zip(ends, ordered, strict=True)
        ]

    def quantile(self, probability: float) -> float:
        """Return the usage that is not exceeded with a probability from 0 to 1."""
        index = bisect_left(self._shares, probability)
        return self._scale * _between(self._shares, self._values, index, probability)

    def probability(self, points: float) -> float:
        """Return the probability that at most this many points are used."""
        value = points / self._scale
        index = bisect_right(self._values, value)
        return _between(self._values, self._shares, index, value)


def _between(
    x_values: Sequence[float], y_values: Sequence[float], index: int, x: float
) -> float:
    """Return y at x, which is between the points `index` - 1 and `index`, if they exist."""
    if index == 0:
        return y_values[0]
    if index == len(x_values):
        return y_values[-1]
    low, high = x_values[index - 1], x_values[index]
    share = (x - low) / (high - low)
    return y_values[index - 1] + (y_values[index] - y_values[index - 1]) * share
