"""Monitoring's statistics once more, from their definitions in docs/monitoring.md: numpy and scikit-learn, nothing of Millpond."""
import math

import numpy


def edges(reference):
    """Distinct deciles: the ceil(n·i/10)-th smallest present value; and the greatest value below each that is several deciles."""
    present = numpy.sort(reference[~numpy.isnan(reference)])
    if not len(present):
        return numpy.array([])
    deciles, times = numpy.unique([present[math.ceil(len(present) * i / 10) - 1] for i in range(1, 10)], return_counts=True)
    below = [present[present < mass][-1] for mass in deciles[times > 1] if present[0] < mass]
    return numpy.union1d(deciles, below)


def counts(values, cuts):
    """Rows in (-inf, e1], (e1, e2], …, (ek, inf), NULL."""
    null = numpy.isnan(values)
    places = numpy.searchsorted(cuts, values[~null], side="left")
    return numpy.append(numpy.bincount(places, minlength=len(cuts) + 1), null.sum()).astype(float)


def category_counts(values, known):
    """One bin for each known value, then "other", then NULL."""
    found = [sum(v == k for v in values) for k in known]
    null = sum(v is None for v in values)
    return numpy.array([*found, len(values) - sum(found) - null, null], dtype=float)


def psi(current, reference):
    p = (current + 0.5) / (current.sum() + len(current) / 2)
    q = (reference + 0.5) / (reference.sum() + len(reference) / 2)
    return float(((p - q) * numpy.log(p / q)).sum())


def psi_within(current, reference, minimum=50):
    """Both: cohort -> counts. Returns PSI among matched cohorts in the current mix, and their share of the rows."""
    matched = [c for c in current if c in reference and reference[c].sum() >= minimum]
    rows = sum(v.sum() for v in current.values())
    n = sum(current[c].sum() for c in matched)
    if not n:
        return math.nan, 0.0
    r = sum(reference[c].sum() for c in matched)
    standard = sum(current[c].sum() / n * reference[c] / reference[c].sum() for c in matched)
    return psi(sum(current[c] for c in matched), standard * r), n / rows


def calibration_error(probabilities, labels, bins=10):
    """Ten bins of equal mass, equal probabilities never split: docs of src/model/evaluation/curves.h."""
    order = numpy.argsort(probabilities, kind="stable")
    p, y = probabilities[order], labels[order]
    total, begin, n = 0.0, 0, len(p)
    for i in range(bins):
        end = max((i + 1) * n // bins, begin)
        while 0 < end < n and p[end] == p[end - 1]:
            end += 1
        if end > begin:
            total += (end - begin) / n * abs(p[begin:end].mean() - y[begin:end].mean())
        begin = end
    return total
