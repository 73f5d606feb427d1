"""What a reader gave, in a form that can be compared: tests/golden/README.md says what counts.

Equal are multisets of rows with equal logical types. What does not count: the order of rows and columns, units
and zones of timestamps (UTC microseconds here), dictionary, large and view types, nullability, the names of
list elements and map entries.
"""
import math
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Rows:
    types: tuple  # (column, logical type), by column
    rows: tuple  # of tuples of values in that order, sorted

    def __len__(self):
        return len(self.rows)

    def without_types(self):
        return tuple(name for name, _ in self.types), self.rows


def type_name(kind):
    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "string"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) or pa.types.is_fixed_size_binary(kind):
        return "binary"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_struct(kind):
        return "struct<" + ", ".join(f"{f.name}: {type_name(f.type)}" for f in kind) + ">"
    if pa.types.is_map(kind):
        return f"map<{type_name(kind.key_type)}, {type_name(kind.item_type)}>"
    if _is_list(kind):
        return f"array<{type_name(kind.value_type)}>"
    return str(kind).removesuffix("[day]")


def _is_list(kind):
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind)


def value_of(value, kind):
    """A value that compares and prints the same whoever sent it; floats by their text, so that NaN equals NaN."""
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        return value  # already microseconds
    if pa.types.is_floating(kind):
        return "NaN" if math.isnan(value) else repr(value)
    if pa.types.is_dictionary(kind):
        return value_of(value, kind.value_type)
    if pa.types.is_struct(kind):
        return tuple(value_of(value[f.name], f.type) for f in kind)
    if pa.types.is_map(kind):
        pairs = value.items() if isinstance(value, dict) else value
        return tuple(sorted(((value_of(k, kind.key_type), value_of(v, kind.item_type)) for k, v in pairs), key=repr))
    if _is_list(kind):
        return [value_of(each, kind.value_type) for each in value]
    return value


def _plain_times(kind):
    """The type with every timestamp as UTC microseconds in an integer (Python's datetime has no year 0 or 10000)."""
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(f.name, _plain_times(f.type)) for f in kind])
    if pa.types.is_map(kind):
        return pa.map_(_plain_times(kind.key_type), _plain_times(kind.item_type))
    if _is_list(kind):
        return pa.list_(_plain_times(kind.value_type))
    return kind


def _micros(array, kind):
    if pa.types.is_timestamp(kind):
        return array.cast(pa.timestamp("us", kind.tz)).cast(pa.int64())
    if _plain_times(kind) == kind:
        return array
    if pa.types.is_struct(kind):
        children = [_micros(child, f.type) for child, f in zip(array.flatten(), kind)]
        return pa.StructArray.from_arrays(children, [f.name for f in kind], mask=array.is_null())
    offsets = array.offsets
    if array.null_count:  # a null offset says null
        marks = pa.array([*array.is_null().to_pylist(), False])
        offsets = pa.array([None if null else o for o, null in zip(offsets.to_pylist(), marks.to_pylist())], pa.int32())
    if pa.types.is_map(kind):
        return pa.MapArray.from_arrays(offsets, _micros(array.keys, kind.key_type), _micros(array.items, kind.item_type))
    return pa.ListArray.from_arrays(offsets, _micros(array.values, kind.value_type))


def rows_of(table: pa.Table) -> Rows:
    names = sorted(table.column_names)
    columns = []
    for name in names:
        column = table.column(name)
        values = [value for chunk in column.chunks for value in _micros(chunk, column.type).to_pylist()]
        columns.append([value_of(value, column.type) for value in values])
    types = tuple((name, type_name(table.schema.field(name).type)) for name in names)
    return Rows(types, tuple(sorted(zip(*columns), key=repr)))
