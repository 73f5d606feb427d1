"""Millpond from Python: tables by SQL, and training sets that are right at each moment.

    import millpond
    project = millpond.Project("examples/churn")
    project.sql("SELECT * FROM main.churn.sales_by_day ORDER BY purchase_date")   # a pyarrow.Table
    project.training_set(labels, views=["customer_purchases"])                     # one row per label row

Rows cross by the Arrow C stream interface, without a copy of the buffers.
"""
import os

from . import errors
from ._millpond import ProjectHandle as _ProjectHandle, version
from .errors import Error

__all__ = ["Error", "Project", "errors", "version"]
__version__ = version()


class _Stream:
    """What pyarrow asks for a capsule; good for one reading."""

    def __init__(self, capsule):
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema=None):
        return self._capsule


class Project:
    """A folder with a millpond.yml, open. Several threads may use it; each call is its own session."""

    def __init__(self, directory=".", *, state=None, clock_at=None):
        """`state`: another state folder than the project's. `clock_at`: moves the clock (mode: demo only)."""
        self._handle = _ProjectHandle(os.fspath(directory), os.fspath(state) if state else "", clock_at or "")

    @property
    def name(self):
        return self._handle.name()

    def sql(self, text):
        """Runs one or several statements; the last one's rows as a pyarrow.Table.

        A statement without rows gives a table of one row with the column `message`.
        """
        import pyarrow
        return pyarrow.table(_Stream(self._handle.sql(text)))

    def training_set(self, labels, views, *, time_column=None, entity_columns=None, threads=0):
        """The labels' columns and, joined as of each label's time, the features of `views`: a pyarrow.Table.

        `labels`: whatever has an Arrow C stream (pyarrow.Table, pandas or polars frame), the path of a .csv or .parquet
        file, or a table's name. It has the entity columns and the time column named as in the views, unless
        `time_column` or `entity_columns` ({view's name: labels' name}) say otherwise. One row a label row, in order.
        Table versions and feature hashes stand in the schema's metadata under `millpond`, as JSON.
        """
        import pyarrow
        options = (list(views), time_column or "", dict(entity_columns or {}), threads)
        if isinstance(labels, (str, os.PathLike)):
            capsule = self._handle.training_set_from(os.fspath(labels), *options)
        else:
            capsule = self._handle.training_set(labels.__arrow_c_stream__(), *options)
        return pyarrow.table(_Stream(capsule))

    def __repr__(self):
        return f"millpond.Project({self._handle.directory()!r})"
