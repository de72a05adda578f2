"""Which moment does a date or a time stamp name?"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime

_FORMATS = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d", "%d.%m.%Y")
_PDF = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?")
_ORG = re.compile(r"[<\[](\d{4}-\d\d-\d\d)\b[^<>\[\]]*[>\]]")


def parse_date(value: object) -> datetime | None:
    """The moment, in UTC, that a date or its spelling names; None when it names none.

    Reads ISO 8601, RFC 2822 (mail), 01-Nov-2018 (PEPs), November 1, 2018, PDF's D:20181101, and Org's <2018-11-01 Thu>.
    A time without a zone is taken to be UTC, a date to be its first moment.
    """
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return _spelled(value.strip()) if isinstance(value, str) and len(value) < 80 else None


def stamped(seconds: float) -> datetime | None:
    """The moment so many seconds after 1970 began, in UTC; None for one outside the calendar, which files and commits
    can have."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:  # the year 1, east of Greenwich
        return None


def _spelled(text: str) -> datetime | None:
    pdf = _PDF.match(text)
    if pdf:
        text = "-".join(part or "01" for part in pdf.groups()[:3])
    text = _ORG.sub(r"\1", text)
    for parse in (datetime.fromisoformat, parsedate_to_datetime if ":" in text else _by_format):
        try:
            return _utc(parse(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _by_format(text: str) -> datetime:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(text)
