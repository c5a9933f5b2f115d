"""Logs go to stderr: one JSON object a line, or in colours when a person is watching.

Whoever types a command reads its output, so commands log warnings alone; processes that run on log what they do, too.
"""

import logging
import sys

import structlog


def configure_logs(*, least: int = logging.WARNING) -> None:
    """`least` is the lowest level that is logged."""
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        # Asked for at every line, since stderr may be another one by then (tests, redirections).
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
