"""The quantile of sorted columns, as Prometheus interpolates it."""

import numpy as np


def quantiles_of_sorted(values: np.ndarray, counts: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The quantile of the first `counts` values of each column, of shape (columns,).

    `values` (rows, columns) ascends along each column with NaN last, as numpy sorts it, but NaN counts as the
    smallest. Outside 0 to 1 the quantile is infinite; it is NaN where the ratio is. Every count is at least 1.
    Source: quantile in Prometheus' promql/quantile.go.
    """
    columns = np.arange(values.shape[1])
    is_counted = np.arange(len(values))[:, None] < counts
    nans = np.count_nonzero(np.isnan(values) & is_counted, axis=0)
    usable = np.clip(np.nan_to_num(ratios, nan=0.0), 0.0, 1.0)
    rank = usable * (counts - 1)
    below = np.floor(rank)
    share = rank - below

    def at(place: np.ndarray) -> np.ndarray:
        return np.where(place < nans, np.nan, values[np.maximum(place - nans, 0), columns])

    lower = below.astype(np.intp)
    quantiles = at(lower) * (1 - share) + at(np.minimum(lower + 1, counts - 1)) * share
    return np.select([np.isnan(ratios), ratios < 0, ratios > 1], [np.nan, -np.inf, np.inf], quantiles)
