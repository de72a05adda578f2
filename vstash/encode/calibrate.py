"""How near each other an encoder puts texts that have nothing in common: measured, not copied from another.

Every encoder spreads its cosines differently. What a cosine says is how far it stands out of this noise.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from vstash.encode.base import Encoder
from vstash.encode.registry import checked


def pairs() -> list[tuple[str, str]]:
    """Questions on many subjects, each with a passage that answers it."""
    lines = files("vstash.encode").joinpath("calibration.tsv").read_text(encoding="utf-8").splitlines()
    return [(question, answer) for question, answer in (line.split("\t") for line in lines)]


def calibrate(encoder: Encoder) -> tuple[float, float]:
    """Mean and deviation of the cosines between questions and passages that answer other questions.

    A cosine of so many deviations above this noise means the same for every encoder. Raises: BadVectors.
    """
    sides = zip(*pairs(), strict=True)
    asked, answered = (np.stack([encoder.query(text) for text in side]) for side in sides)
    count, dim = len(asked), encoder.space.dim
    cosines = checked(asked, count, dim) @ checked(answered, count, dim).T
    unrelated = cosines[~np.eye(count, dtype=bool)]
    return round(float(unrelated.mean()), 4), round(float(unrelated.std()), 4)
