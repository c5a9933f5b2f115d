"""``python -m training.report.drawing``: Vega-Lite specifications in, SVGs out, both as a JSON list.

A process of its own, since the library holds a JavaScript engine that wants 0.6 GB of data at once [measured] and, where it cannot have
them, ends the whole process by a signal. It writes no file, and is over in seconds whatever becomes of who started it.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

VEGA_LITE = "6.4"
MISSING = Markup('<p class="soft">This chart could not be drawn.</p>')
_ROOT = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')

log = logging.getLogger(__name__)


class DrawingError(Exception):
    """The process that draws has not drawn; the text says what became of it."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart to be drawn: a Vega-Lite specification, and what screen readers are told instead of every mark."""

    specification: Mapping[str, Any]
    label: str


def drawn(drawings: Iterable[tuple[str, Drawing]]) -> dict[str, Markup]:
    """SVGs without a size of their own, by name; each is MISSING where they could not be drawn, which is logged."""
    named = dict(drawings)
    if not named:
        return {}
    try:
        plots = _plots([each.specification for each in named.values()])
    except DrawingError as error:
        log.warning("The page has no charts: %s", error)
        return dict.fromkeys(named, MISSING)
    return {
        name: _labelled(plot, each.label) for (name, each), plot in zip(named.items(), plots, strict=True)
    }


def _plots(specifications: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    try:
        done = subprocess.run(  # noqa: S603  # no shell
            [sys.executable, "-m", __name__],
            input=json.dumps(specifications).encode(),
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise DrawingError(f"no process to draw in could be started ({error})") from error
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise DrawingError(f"drawing was ended by {name}; most likely memory has run out")
    if done.returncode > 0:
        raise DrawingError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    plots: list[str] = json.loads(done.stdout)
    return plots


def _labelled(plot: str, label: str) -> Markup:
    root = '<svg viewBox="0 0 {} {}" style="max-width: {}px" role="img" aria-label="{}">'
    return Markup(  # noqa: S704  # our own drawings
        _ROOT.sub(
            lambda found: root.format(found[1], found[2], found[1], escape(label, quote=True)), plot, count=1
        )
    )


def main() -> None:
    import vl_convert

    try:
        plots = [
            vl_convert.vegalite_to_svg(each, vl_version=VEGA_LITE, allowed_base_urls=[])
            for each in json.load(sys.stdin)
        ]
    except ValueError as error:  # a headline, the reason, and the engine's stack
        sys.exit(" ".join(str(error).splitlines()[:2]))
    json.dump(plots, sys.stdout)


if __name__ == "__main__":
    main()
