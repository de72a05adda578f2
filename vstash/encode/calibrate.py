"""At which cosine a passage is probably about a question: measured on each encoder, not copied from one.

Every encoder spreads its cosines differently. Asked a fixed set of questions, it shows how near an answer
lies to its own question and how near the best of the answers to other questions comes.
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
    """The cosines at which confidence becomes medium and high.

    With u the mean over the questions of the best cosine among foreign answers and r the mean cosine with
    the own answer: medium at u + (r − u) · 0.6, high halfway from there to r. Raises: BadVectors.
    """
    asked, answered = zip(*pairs(), strict=True)
    questions = checked(np.stack([encoder.query(text) for text in asked]), len(asked), encoder.space.dim)
    answers = checked(encoder.documents(answered), len(answered), encoder.space.dim)
    cosines = questions @ answers.T
    related = float(np.mean(np.diag(cosines)))
    np.fill_diagonal(cosines, -1.0)
    unrelated = float(np.mean(cosines.max(axis=1)))
    medium = unrelated + (related - unrelated) * 0.6
    return round(medium, 4), round((medium + related) / 2, 4)
