"""Spark's own comparison of frames.

This import also imports Spark's pandas API. In Spark 3.5 that API uses np.NaN, a name that NumPy 2 has removed. So the
name is added for the time of this import. Nothing else here uses that API.
"""

import numpy as np

np.NaN = np.nan  # type: ignore[attr-defined]
from pyspark.testing import assertDataFrameEqual  # noqa: E402

del np.NaN  # type: ignore[attr-defined]

__all__ = ["assertDataFrameEqual"]
