"""Spark's own comparison of frames.

Importing it brings Spark's pandas API along, which in 3.5 still says np.NaN, a name that NumPy 2 took away. Nothing
else here uses that API, so the name is given back for this import alone.
"""

import numpy as np

np.NaN = np.nan  # type: ignore[attr-defined]
from pyspark.testing import assertDataFrameEqual  # noqa: E402

del np.NaN  # type: ignore[attr-defined]

__all__ = ["assertDataFrameEqual"]
