"""The rows that are measured: made once a size and kept under build/bench/lake, the same for every engine."""
import datetime
import decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

KEPT = Path(__file__).resolve().parents[2] / "build/bench/lake"
COUNTRIES = [f"country-{n:03}" for n in range(200)]
PIECE = 1_000_000


def piece(start, count):
    """Ten columns: keys, amounts, texts that repeat and texts that do not, a day, a moment."""
    draw = np.random.default_rng(start)
    products = pa.array([f"product-{n:06}" for n in range(100_000)])
    cents = pa.array(draw.integers(0, 1_000_000, count)).cast(pa.decimal128(19, 0))
    day = draw.integers(18_000, 20_000, count)
    return pa.table({
        "id": pa.array(np.arange(start, start + count)),
        "customer": pa.array(draw.integers(0, 2_000_000, count)),
        "amount": pa.array(draw.normal(100, 30, count)),
        "price": pc.multiply(cents, pa.scalar(decimal.Decimal("0.01"), pa.decimal128(3, 2))).cast(pa.decimal128(12, 2)),
        "quantity": pa.array(draw.integers(1, 50, count).astype("int32"), mask=draw.random(count) < 0.1),
        "country": pa.DictionaryArray.from_arrays(draw.integers(0, 200, count), COUNTRIES).cast(pa.string()),
        "product": products.take(pa.array(draw.integers(0, 100_000, count))),
        "note": pc.binary_join_element_wise("note", pa.array(draw.integers(0, 1 << 60, count)).cast(pa.string()), "-"),
        "day": pa.array(day.astype("int32"), pa.date32()),
        "at": pa.array(day * 86_400_000_000 + draw.integers(0, 86_400_000_000, count), pa.timestamp("us", "UTC")),
    })


def parquet_files(rows):
    """A folder of Parquet files with that many rows."""
    folder = KEPT / f"rows-{rows}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for start in range(0, rows, PIECE):
            count = min(PIECE, rows - start)
            pq.write_table(piece(start, count), folder / f"part-{start // PIECE:05}.parquet", compression="zstd", row_group_size=PIECE // 4)
        (folder / "done").write_text(datetime.date.today().isoformat())
    return folder
