"""Lines of JSON on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time

FACTS = ("request", "method", "route", "status", "ms", "task", "file", "reason")


class JsonLines(logging.Formatter):
    """One object a line: time, level, what, and the facts that were given with it."""

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line = {"time": when, "level": record.levelname.lower(), "what": record.getMessage()}
        line |= {name: value for name in FACTS if (value := getattr(record, name, None)) is not None}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_to_stderr(requests: bool = False) -> None:
    """What this program logs, warnings and errors; requests: and every request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("diffir", "diffir_demo"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if requests else logging.WARNING)
