"""Whether anything found is about the question: high, medium or low, the same for every encoder."""

from __future__ import annotations

from vstash.types import Confidence

UNCALIBRATED = (0.5, 0.65)  # (medium, high) for a space stored without calibration; MiniLM's, see FACTS


def level(cosine: float | None, calibration: tuple[float, float] | None) -> Confidence:
    """From the cosine of the question with its best passage; low when there is none."""
    medium, high = calibration or UNCALIBRATED
    if cosine is None or cosine < medium:
        return "low"
    return "high" if cosine >= high else "medium"
