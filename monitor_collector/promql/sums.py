"""Sums as exact as Prometheus' compensated ones, at the price of plain ones wherever that is the same.

Prometheus adds with Neumaier's variant of Kahan's summation. A plain sum is as good unless its terms cancel out;
only those sums that do are computed again, pair by pair, carrying along what every addition has rounded away.
Source: Ogita, Rump and Oishi, Accurate sum and dot product, 2005.
"""

import numpy as np

# Of samples that large a few may sum up to infinity. A power of two, so that dividing by it is exact.
LARGE = 2.0**900

# How much larger than its sum the terms may be together before their rounding errors could be seen.
_HARMLESS_CANCELLATION = 1000.0


def cancels_out(sums: np.ndarray, sums_of_magnitudes: np.ndarray) -> np.ndarray:
    """Where a plain sum may have lost digits; never where it is infinite or NaN."""
    return np.isfinite(sums) & (sums_of_magnitudes > _HARMLESS_CANCELLATION * np.abs(sums))


def compensated_sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The sums over values[starts[i]:starts[i + 1]] along the first axis, as if added with twice the precision.

    No segment may be empty. Takes a pass over the data for each doubling of the longest segment's length.
    """
    sums, errors = values.astype(np.float64), np.zeros(values.shape)
    lengths = np.diff(starts, append=len(values))
    while len(lengths) and lengths.max() > 1:
        starts = np.cumsum(lengths) - lengths
        position = np.arange(len(sums)) - np.repeat(starts, lengths)
        is_kept = position % 2 == 0
        paired = np.flatnonzero(is_kept & (position + 1 < np.repeat(lengths, lengths)))
        left, right = sums[paired], sums[paired + 1]
        total = left + right
        share = total - left
        rounded_away = (left - (total - share)) + (right - share)
        sums[paired] = total
        errors[paired] += errors[paired + 1] + np.where(np.isfinite(total), rounded_away, 0.0)
        sums, errors, lengths = sums[is_kept], errors[is_kept], (lengths + 1) // 2
    return np.where(np.isfinite(sums), sums + errors, sums)
