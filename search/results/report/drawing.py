"""Matplotlib figures as SVG that stands within a page: in its colours, beside other pictures, with a name."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"  # becomes the colour of the page's text, whatever theme it has
MUTED, ACCENT, SECOND = "#808080", "#2f7fd3", "#c77c00"
WIDTH = 4.8  # inches; a picture is as wide as a phone, and two stand beside each other on a screen
STYLE: Any = {
    "font.size": 9,
    "svg.fonttype": "path",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
_DPI = 160  # of what is drawn as pixels


def inline_svg(figure: Figure, name: str, label: str) -> Markup:
    """Give a figure as an element of a page.

    Parameters
    ----------
    figure : matplotlib Figure
        Drawn under `STYLE`.
    name : str
        Sets its ids apart from those of the page's other pictures.
    label : str
        What it shows, for those who do not see it.
    """
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", transparent=True, dpi=_DPI, metadata={"Date": None})
    svg = stream.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg).replace(INK, "currentColor")
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)  # one sheet would be the whole page's
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))
