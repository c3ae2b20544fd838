"""A table of predictions in, a Parquet file out: the same rows are the same bytes, whatever made them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def write_predictions(rows: pd.DataFrame, path: Path) -> None:
    """Write the rows of a table of predictions.

    Parameters
    ----------
    rows : DataFrame
        With the columns of :class:`harness.values.tables.Predictions`.
    path : Path
    """
    import pyarrow as pa
    from pyarrow import parquet

    # Rows that were read have other types of text than rows that were computed, and pandas notes its own: the
    # types are stated, so that the table of a resumed run is the same file.
    fields = [pa.field(name, _arrow_type(name)) for name in rows.columns]
    table = pa.Table.from_pandas(rows, schema=pa.schema(fields), preserve_index=False)
    parquet.write_table(table.replace_schema_metadata(None), path)


def _arrow_type(column: str) -> pa.DataType:
    """Return the type of a column of predictions in a Parquet file."""
    import pyarrow as pa

    if column == "abstain":
        return pa.bool_()
    if column.startswith("p_"):
        return pa.float64()
    if column in ("seed", "fold") or column.startswith(("truth_", "prediction_")):
        return pa.int64()
    return pa.large_string()
