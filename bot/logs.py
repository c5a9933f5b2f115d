"""Logs go to stderr: one JSON object a line, or in colours when a person is watching."""

import sys

import structlog


def configure_logs() -> None:
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
        # Asked for at every line, since stderr may be another one by then (tests, redirections).
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
