"""Draws panels as SVG from what a Prometheus has: the pictures of docs/monitoring.md."""

import html
import math

from panels import DASHBOARDS

WIDTH, PLOT = 640, 160
LEFT, RIGHT, TOP = 62, 22, 46
LINE = 17  # of the legend
GAP = 4  # seconds without a value end a line
COLOURS = ["#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#475569", "#a16207"]
# File, dashboard, panel, the alerts whose time is marked in it.
PICTURES = [
    ("end-to-end", "overview", "From capture to applied", ["PlatformFailing"]),
    ("changes", "overview", "Changes a second", ["PlatformFailing", "PipelineStalled"]),
    ("oldest-pending", "overview", "Oldest pending", ["PipelineStalled"]),
    ("troubles", "overview", "Troubles", ["DeadLettersGrowing"]),
    ("source-lag", "source", "Lag in bytes", ["ReplicationSlotGrowing"]),
    ("stages", "stages", "p99 of each stage", ["PipelineStalled"]),
    ("lanes", "delivery", "Lane open", ["PlatformFailing"]),
    ("canaries", "delivery", "Age of the newest canary", ["CanaryLate"]),
    ("outcomes", "delivery", "Outcomes a second", ["DeliveryErrorRatio"]),
    ("files", "files", "Bytes a second", []),
    ("pools", "services", "Pool use", ["DbPoolSaturated"]),
]
UNITS = {"s": ("s", 1), "bytes": ("B", 1024), "Bps": ("B/s", 1024), "ops": ("/s", 1000), "percentunit": ("%", 1), "short": ("", 1000)}


def in_words(value, unit):
    """1,500,000 bytes as 1.43 MiB, 0.002 s as 2 ms."""
    suffix, step = UNITS[unit]
    if value == 0:
        return "0"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s" and abs(value) < 1:
        return f"{1000 * value:.3g} ms"
    prefixes = ["", "Ki", "Mi", "Gi"] if step == 1024 else ["", "k", "M", "G"]
    power = 0
    while step > 1 and abs(value) >= step and power < 3:
        value, power = value / step, power + 1
    return f"{value:.3g} {prefixes[power]}{suffix}".strip()


def top_of(value, unit):
    """The next round number whose half is round as well; of bytes one of powers of two."""
    if value <= 0:
        return 1
    if UNITS[unit][1] == 1024 and value >= 1024:
        return 2 ** math.ceil(math.log2(value))
    power = 10 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if power * step >= value)


def name_of(legend, labels):
    for key, value in labels.items():
        legend = legend.replace("{{" + key + "}}", value)
    return legend.strip()


def text(x, y, words, size=11, anchor="start", colour="#475569", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">'
            f"{html.escape(words)}</text>")


def runs(times, gap=GAP):
    """Of (time, …) in order: groups between which there is nothing for longer than the gap."""
    groups = []
    for one in times:
        if not groups or one[0] - groups[-1][-1][0] > gap:
            groups.append([])
        groups[-1].append(one)
    return groups


def thinned(values, most=400):
    """Fewer points than pixels: of each stretch its highest, so that no peak is lost."""
    stretch = math.ceil(len(values) / most)
    return [max(values[i:i + stretch], key=lambda one: one[1]) for i in range(0, len(values), stretch)]


class Picture:
    def __init__(self, panel, lines, marks, began, ended):
        """`lines`: [(name, [(time, value)])]; `marks`: [(name, from, to)]."""
        self.panel, self.lines, self.marks, self.began, self.ended = panel, lines[:len(COLOURS)], marks, began, ended
        self.highest = top_of(max((value for _, values in lines for _, value in values), default=1), panel.unit)
        self.rows = self.legend_rows()
        self.height = TOP + PLOT + 26 + LINE * len(self.rows) + 6

    def x(self, at):
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - self.began) / max(1, self.ended - self.began)

    def y(self, value):
        return TOP + PLOT * (1 - min(max(value, 0), self.highest) / self.highest)

    def legend_rows(self):
        rows, width = [[]], 0
        for number, (name, _) in enumerate(self.lines):
            wide = 26 + 6.2 * len(name)
            if rows[-1] and width + wide > WIDTH - 24:
                rows.append([])
                width = 0
            rows[-1].append((12 + width, number, name))
            width += wide
        return rows

    def draw(self):
        title = html.escape(self.panel.title)
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" font-family="system-ui, sans-serif" role="img">',
                 f"<title>{title}</title>",
                 f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{self.height - 1}" rx="6" fill="#ffffff" stroke="#cbd5e1"/>',
                 text(12, 21, self.panel.title, 13, colour="#0f172a", weight="600")]
        return "\n".join([*parts, *self.draw_marks(), *self.draw_axes(), *self.draw_lines(), *self.draw_legend(), "</svg>", ""])

    def draw_marks(self):
        labelled = 0  # up to here; a name that has no room is left out
        for name, start, end in sorted(self.marks, key=lambda mark: mark[1]):
            left, right = self.x(start), max(self.x(end), self.x(start) + 2)
            middle = min(max((left + right) / 2, LEFT + 3.2 * len(name)), WIDTH - RIGHT - 3.2 * len(name))
            yield f'<rect x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{PLOT}" fill="#fee2e2"/>'
            if middle - 3.2 * len(name) > labelled:
                yield text(middle, TOP - 5, name, 10, "middle", "#b91c1c")
                labelled = middle + 3.2 * len(name)

    def draw_axes(self):
        for share in (0, 0.5, 1):
            y = self.y(self.highest * share)
            yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e8f0"/>'
            yield text(LEFT - 7, y + 4, in_words(self.highest * share, self.panel.unit), anchor="end")
        length = self.ended - self.began
        step = next((step for step in (5, 10, 15, 20, 30, 60, 120) if length / step <= 8), 300)
        for second in range(0, int(length) + 1, step):
            yield text(self.x(self.began + second), TOP + PLOT + 15, f"{second} s", anchor="middle")

    def draw_lines(self):
        # Each thinner than those below it, so that lines that lie upon each other are all seen.
        for number, (_, values) in enumerate(self.lines):
            width = 2.6 - 1.2 * number / max(1, len(self.lines) - 1)
            for run in runs(values):
                points = " ".join(f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in thinned(run))
                yield (f'<polyline points="{points}" fill="none" stroke="{COLOURS[number]}" stroke-width="{width:.1f}"'
                       ' stroke-linejoin="round" stroke-linecap="round"/>')

    def draw_legend(self):
        for row, entries in enumerate(self.rows):
            y = TOP + PLOT + 26 + LINE * (row + 0.7)
            for x, number, name in entries:
                yield f'<rect x="{x:.1f}" y="{y - 5:.1f}" width="12" height="3" rx="1.5" fill="{COLOURS[number]}"/>'
                yield text(x + 17, y, name)


def find(dashboard, title):
    for name, _, rows in DASHBOARDS:
        for _, panels in rows:
            for panel in panels:
                if (name, panel.title) == (dashboard, title):
                    return panel
    raise KeyError(f"{dashboard} has no panel {title!r}: change PICTURES")


def lines_of(panel, prometheus):
    """The highest first, as far as there are colours."""
    lines = []
    for query, legend in panel.queries:
        query = query.replace("$__rate_interval", "10s").replace("$namespace", ".*").replace("$platform", ".*")
        lines += [(name_of(legend, labels), values) for labels, values in prometheus.series(query)]
    if len(lines) > len(COLOURS):
        lines.sort(key=lambda line: -max(value for _, value in line[1]))
    return lines


def marks_of(alerts, prometheus):
    """When each of them fired, for whatever."""
    marks = []
    for alert in alerts:
        times = sorted({at for _, values in prometheus.series(f'ALERTS{{alertstate="firing", alertname="{alert}"}}') for at, _ in values})
        marks += [(alert, run[0][0], run[-1][0]) for run in runs([(at,) for at in times])]
    return marks


def draw_all(prometheus, folder):
    """All over the same time, so that they can be laid side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [(file, find(dashboard, title), alerts) for file, dashboard, title, alerts in PICTURES]
    lines = {file: lines_of(panel, prometheus) for file, panel, _ in drawn}
    times = [at for of_panel in lines.values() for _, values in of_panel for at, _ in values]
    for file, panel, alerts in drawn:
        picture = Picture(panel, lines[file], marks_of(alerts, prometheus), min(times), max(times))
        (folder / f"{file}.svg").write_text(picture.draw())
