"""How a figure differs between two runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .figures import Part

# The number of samples of a bootstrap.
_SAMPLES = 2000


def difference(
    figure: Mapping[str, Part], other: Mapping[str, Part]
) -> tuple[float, float, float] | None:
    """Return how a figure differs from another run, and the 95% interval over people.

    It is a paired bootstrap: both figures are of the same drawn people. Return None if
    nothing counts.
    """
    people = sorted(figure.keys() & other.keys())
    draws = np.random.default_rng(0).multinomial(
        len(people), [1 / len(people)] * len(people), size=_SAMPLES
    )
    everybody = np.ones((1, len(people)))

    def values(
        parts: Mapping[str, Part], drawn: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the value of a figure in each sample."""
        sums = drawn @ np.array([parts[person] for person in people])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums[:, 0] / sums[:, 1])

    def differences(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the differences that are known."""
        found = values(figure, drawn) - values(other, drawn)
        return found[~np.isnan(found)]

    exact, sampled = differences(everybody), differences(draws)
    if not len(exact):
        return None
    low, high = np.percentile(sampled, [2.5, 97.5])
    return float(exact[0]), float(low), float(high)
