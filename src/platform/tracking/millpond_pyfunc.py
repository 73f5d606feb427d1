"""A Millpond model as an MLflow python_function: features by name in, probabilities out.

This file lies in the model folder (code/) and needs numpy and, for xgboost models, stock xgboost.
It repeats three steps that Millpond's own scoring does in C++, bit for bit:

    encoder.json       named, typed features -> rows of float32  (docs/formats/encoder.md)
    model.ubj          rows -> raw margin, by XGBoost
    calibration.json   margin -> probability                     (docs/formats/calibration_map.md)

`predict` takes a pandas DataFrame (or anything with columns by name) and returns one float64 a row.
"""

import json
import math
import os
from decimal import Decimal

import numpy as np

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def _is_null(value):
    if value is None:
        return True
    # NaN, NaT and pandas.NA: the first two are unequal to themselves, the last has no truth value.
    try:
        return bool(value != value)
    except TypeError:
        return True


class Encoder:
    """Named columns to rows of float32; the twin of src/kernel/encoder.h."""

    def __init__(self, document):
        self.columns = document["columns"]
        self.names = [column["name"] for column in self.columns]

    def encode(self, table):
        rows = len(table)
        out = np.empty((rows, len(self.columns)), dtype=np.float32)
        for at, column in enumerate(self.columns):
            if column["name"] not in table:
                raise KeyError(f"the model needs a column {column['name']!r}")
            out[:, at] = self._encode_column(table[column["name"]], column, rows)
        return out

    def _encode_column(self, values, column, rows):
        values = np.asarray(values)
        if column["kind"] == "category":
            return self._categories(values, column)
        if values.dtype.kind in "iufb":
            numbers = values.astype(np.float64)
        else:
            numbers = np.empty(rows, dtype=np.float64)
            for i, value in enumerate(values):
                numbers[i] = self._number(value, column)
        # To the nearest float32, clamped to the finite range.
        return np.clip(numbers, -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32)

    @staticmethod
    def _number(value, column):
        if _is_null(value):
            return math.nan
        if isinstance(value, (bool, np.bool_, int, float, np.number, Decimal)):
            return float(value)
        raise TypeError(f"column {column['name']!r} takes numbers, not {value!r}")

    @staticmethod
    def _categories(values, column):
        codes = {name: code for code, name in enumerate(column["categories"])}
        unknown = column["unknown"]
        out = np.empty(len(values), dtype=np.float32)
        for i, value in enumerate(values):
            out[i] = math.nan if _is_null(value) else codes.get(value, unknown)
        return out


class Calibration:
    """Margins to probabilities; the twin of src/model/scoring/calibration_map.h."""

    def __init__(self, document):
        self.kind = document["kind"]
        self.slope = document.get("slope", 1.0)
        self.intercept = document.get("intercept", 0.0)
        self.x = np.asarray(document.get("x", []), dtype=np.float64)
        self.y = np.asarray(document.get("y", []), dtype=np.float64)

    def probabilities(self, margins):
        if self.kind == "none":
            return np.array([_sigmoid(m) for m in margins], dtype=np.float64)
        if self.kind == "platt":
            scaled = self.slope * margins + self.intercept
            return np.array([_sigmoid(m) for m in scaled], dtype=np.float64)
        return self._isotonic(margins)

    def _isotonic(self, margins):
        x, y = self.x, self.y
        out = np.empty(len(margins), dtype=np.float64)
        low, high, nan = margins <= x[0], margins >= x[-1], np.isnan(margins)
        out[low], out[high], out[nan] = y[0], y[-1], np.nan
        rest = ~(low | high | nan)
        m = margins[rest]
        i = np.searchsorted(x, m, side="right") - 1
        out[rest] = y[i] + ((m - x[i]) / (x[i + 1] - x[i])) * (y[i + 1] - y[i])
        return out


def _sigmoid(x):
    # math.exp is the C library's, as in Millpond; numpy's own may differ in the last bit.
    try:
        return 1.0 / (1.0 + math.exp(-x))
    except OverflowError:
        return 0.0


class _XgboostModel:
    def __init__(self, path):
        import xgboost

        self._xgboost = xgboost
        self._booster = xgboost.Booster(params={"nthread": 1})
        self._booster.load_model(path)

    def margins(self, rows):
        matrix = self._xgboost.DMatrix(
            rows, missing=np.nan, feature_names=self._booster.feature_names, nthread=1
        )
        return self._booster.predict(matrix, output_margin=True).astype(np.float64)


class _LogisticModel:
    """docs/formats/logistic_model.md: one rounding per operation, columns in order."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        self._intercept = document["intercept"]
        self._columns = document["columns"]

    def margins(self, rows):
        margins = np.full(len(rows), self._intercept, dtype=np.float64)
        for at, column in enumerate(self._columns):
            x = rows[:, at].astype(np.float64)
            term = ((x - column["mean"]) / column["scale"]) * column["weight"]
            margins = margins + np.where(np.isnan(x), column["missing_weight"], term)
        return margins


class MillpondModel:
    """What mlflow.pyfunc.load_model wraps."""

    def __init__(self, path):
        with open(os.path.join(path, "encoder.json"), encoding="utf-8") as file:
            self.encoder = Encoder(json.load(file))
        with open(os.path.join(path, "calibration.json"), encoding="utf-8") as file:
            self.calibration = Calibration(json.load(file))
        if os.path.exists(os.path.join(path, "model.ubj")):
            self.model = _XgboostModel(os.path.join(path, "model.ubj"))
        else:
            self.model = _LogisticModel(os.path.join(path, "model.json"))

    def margins(self, table):
        return self.model.margins(self.encoder.encode(table))

    def predict(self, model_input, params=None):
        return self.calibration.probabilities(self.margins(model_input))


def _load_pyfunc(path):
    return MillpondModel(path)
