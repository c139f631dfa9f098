"""The page of trends: no script, one line for each duration."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from string import Template

from atomci.artifacts.handed.trends import EscapeRate, Trend, Trends
from atomci.report.page.document import part, plain, policy

__all__ = ["trends_page"]

_WIDE, _HIGH = 300, 30


def trends_page(trends: Trends) -> str:
    """The HTML."""
    style = part("page.css")
    alerts = sum(bool(trend.alert) for trend in trends.trends)
    rows = sorted(trends.trends, key=lambda row: (not row.alert, -(row.now or row.seconds[-1])))
    return Template(part("trends.html")).substitute(
        policy=policy(style),
        style=style,
        tone="bad" if alerts else "good",
        verdict=f"{alerts} slower than before" if alerts else "No duration has grown beyond noise",
        counts=escape(f"{trends.runs} of the {trends.kept} runs that are kept are compared"),
        facts=escape(plain(f"like the newest: {trends.like}" if trends.like else "no run is kept yet")),
        trends="".join(map(_row, rows)) or "<li>None.</li>",
        escapes=_escapes(trends.escapes),
        flaky="".join(_flaky(trends)) or "<li>None passed on retry.</li>",
    )


def _escapes(found: EscapeRate) -> str:
    if found.rate is None:
        return "<li>No run of all tests has found a new failure that tells.</li>"
    said = f"{found.escaped} of {found.failures} new failures in {found.runs} runs: {found.rate:.1%}"
    names = "".join(f'<li class="row"><code>{escape(plain(test))}</code></li>' for test in found.last)
    return f"<li>{said}</li>{names}"


def _row(trend: Trend) -> str:
    now = trend.seconds[-1] if trend.now is None else trend.now
    if trend.usual is None:
        said = f"{len(trend.seconds)} runs are too few for a verdict"
    else:
        said = trend.alert or f"usually {trend.usual:.2f} s, give or take {trend.noise:.2f} s"
    tone = "bad" if trend.alert else "soft"
    return (
        f'<li class="row trend"><code>{escape(plain(trend.what))}</code>{_line(trend.seconds, tone)}'
        f'<span class="seconds">{now:.2f} s</span><span class="said {tone}">{escape(said)}</span></li>'
    )


def _line(seconds: tuple[float, ...], tone: str) -> str:
    """The durations as a line from zero, so that a jump looks as large as it is."""
    top, step = max(seconds) or 1.0, _WIDE / max(1, len(seconds) - 1)
    points = " ".join(
        f"{n * step:.1f},{_HIGH - value / top * (_HIGH - 2):.1f}" for n, value in enumerate(seconds)
    )
    label = f"{len(seconds)} runs, from {min(seconds):.2f} s to {max(seconds):.2f} s"
    return (
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'<polyline class="{tone}" points="{points}"/></svg>'
    )


def _flaky(trends: Trends) -> Iterator[str]:
    for row in trends.flaky:
        times = f"{row.times} of {row.of} run{'s' if row.of != 1 else ''}"
        yield (
            f'<li class="row"><code>{escape(plain(row.nodeid))}</code> <span class="soft">passed on retry in '
            f"{times}, the last first: {escape(plain(', '.join(row.runs)))}</span></li>"
        )
