"""Draws panels as SVG from what a Prometheus has: the pictures of docs/monitoring.md."""

import html
import math

from panels import DASHBOARDS

WIDTH, HEIGHT = 560, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 34, 46
COLOURS = ["#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f"]
# File, dashboard, panel.
PICTURES = [
    ("end-to-end", "overview", "From capture to applied"),
    ("changes", "overview", "Changes a second"),
    ("oldest-pending", "overview", "Oldest pending"),
    ("troubles", "overview", "Troubles"),
    ("source-lag", "source", "Lag in bytes"),
    ("stages", "stages", "p99 of each stage"),
    ("lanes", "delivery", "Lane open"),
    ("outcomes", "delivery", "Outcomes a second"),
    ("files", "files", "Bytes a second"),
    ("pools", "services", "Pool use"),
]
UNITS = {"s": ("s", 1), "bytes": ("B", 1024), "Bps": ("B/s", 1024), "ops": ("/s", 1000), "percentunit": ("%", 1), "short": ("", 1000)}


def in_words(value, unit):
    """1,500,000 bytes as 1.4 MiB, 0.002 s as 2 ms."""
    suffix, step = UNITS[unit]
    if unit == "percentunit":
        return f"{100 * value:g} %"
    if unit == "s" and 0 < abs(value) < 1:
        return f"{1000 * value:.3g} ms"
    prefixes = ["", "Ki", "Mi", "Gi"] if step == 1024 else ["", "k", "M", "G"]
    power = 0
    while step > 1 and abs(value) >= step and power < 3:
        value, power = value / step, power + 1
    return f"{value:.3g} {prefixes[power]}{suffix}".strip()


def top_of(value):
    """The next round number."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 1.5, 2, 3, 5, 7.5, 10) if power * step >= value)


def name_of(legend, labels):
    for key, value in labels.items():
        legend = legend.replace("{{" + key + "}}", value)
    return legend.strip()


def text(x, y, words, size=11, anchor="start", colour="#475569", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
            f"{html.escape(words)}</text>")


def draw(panel, lines, began, ended):
    """`lines`: [(name, [(time, value)])]."""
    highest = top_of(max((value for _, values in lines for _, value in values), default=1))
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(at, value):
        return LEFT + across * (at - began) / max(1, ended - began), TOP + down * (1 - value / highest)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" role="img">',
             f"<title>{html.escape(panel.title)}</title>",
             f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#ffffff" stroke="#cbd5e1"/>',
             text(12, 21, panel.title, 13, colour="#0f172a", weight="600")]
    for share in (0, 0.5, 1):
        _, y = place(began, highest * share)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>')
        parts.append(text(LEFT - 6, y + 4, in_words(highest * share, panel.unit), anchor="end"))
    for share in (0, 0.5, 1):
        parts.append(text(LEFT + across * share, TOP + down + 15, f"{(ended - began) * share:.0f} s", anchor=("start", "middle", "end")[int(2 * share)]))
    x = 12
    for number, (name, values) in enumerate(lines[:8]):
        points = " ".join("{:.1f},{:.1f}".format(*place(at, min(value, highest))) for at, value in values)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>')
        if x + 24 + 6 * len(name) < WIDTH:
            parts.append(f'<rect x="{x}" y="{HEIGHT - 18}" width="10" height="3" fill="{colour}"/>')
            parts.append(text(x + 14, HEIGHT - 13, name))
        x += 30 + 6 * len(name)
    return "\n".join(parts + ["</svg>", ""])


def find(dashboard, title):
    for name, _, rows in DASHBOARDS:
        for _, panels in rows:
            for panel in panels:
                if (name, panel.title) == (dashboard, title):
                    return panel
    raise KeyError(f"{dashboard} has no panel {title!r}: change PICTURES")


def draw_all(prometheus, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for file, dashboard, title in PICTURES:
        panel = find(dashboard, title)
        lines = []
        for query, legend in panel.queries:
            query = query.replace("$__rate_interval", "10s").replace("$namespace", ".*").replace("$platform", ".*")
            lines += [(name_of(legend, labels), values) for labels, values in prometheus.series(query)]
        if lines:
            times = [at for _, values in lines for at, _ in values]
            (folder / f"{file}.svg").write_text(draw(panel, lines, min(times), max(times)))
