"""Tables of plotted numbers whose last columns bear names from somebody's data."""

from collections.abc import Sequence

import pandas as pd

from mixture.arrays import FloatArray


def beside(fixed: pd.DataFrame, data: FloatArray, names: Sequence[str]) -> pd.DataFrame:
    """The fixed columns, then the data (N, D) under their names; a name that is taken becomes "name (feature)"."""
    taken = list(fixed.columns)
    for name in names:
        free = name
        while free in taken:
            free = f"{free} (feature)"
        taken.append(free)
    features = pd.DataFrame(data, columns=taken[fixed.shape[1] :], index=fixed.index)
    return pd.concat([fixed, features], axis=1)
