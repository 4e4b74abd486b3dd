"""A counterexample as one HTML page that needs no network: what each step changed, side by side."""

from html import escape
from string import Template

from checker.counterexample import Counterexample, FlatState, Step, gathered

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top }
tbody tr:last-child { outline: 2px solid #c33 }
code, pre { font: .9em/1.4 ui-monospace, monospace; white-space: pre-wrap }
pre { border: 1px solid #8886; padding: .6rem; overflow-x: auto }
small { opacity: .75 }
</style>
</head>
<body>
<h1>$title</h1>
<p>$statement</p>
<dl>
<dt>Violated</dt><dd><strong>$invariant</strong></dd>
<dt>Stated at</dt><dd><code>$citation</code></dd>
<dt>Why it matters</dt><dd>$why</dd>
</dl>
<table>
<caption>What each step changes</caption>
<thead>
<tr><th>Step</th><th>Thread</th><th>Action</th><th>Concrete</th><th>Abstract</th></tr>
</thead>
<tbody>
$rows
</tbody>
</table>
$ending
</body>
</html>
""")


def page(counterexample: Counterexample, title: str, statement: str = "") -> str:
    """The page's text; `title` is the obligation's id, `statement` what it claims."""
    initial = Step("", "initially", "", "", *_initial(counterexample))
    rows = [_row(number, step) for number, step in enumerate([initial, *counterexample.steps])]
    return _PAGE.substitute(
        title=escape(title),
        statement=escape(statement),
        invariant=escape(counterexample.invariant),
        citation=escape(counterexample.citation),
        why=escape(counterexample.why),
        rows="\n".join(rows),
        ending="\n".join(_ending(counterexample)),
    )


def _initial(counterexample: Counterexample) -> tuple[FlatState, FlatState]:
    return gathered(counterexample.initial_concrete), gathered(counterexample.initial_abstract)


def _row(number: int, step: Step) -> str:
    place = escape(" ".join(part for part in (step.function, step.where) if part))
    cells = [
        str(number),
        escape(step.thread),
        escape(step.action) + (f"<br><small><code>{place}</code></small>" if place else ""),
        _values(step.concrete),
        _values(step.abstract),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _values(state: FlatState) -> str:
    return "<br>".join(
        f"<code>{escape(name)} := {escape(str(value))}</code>" for name, value in state.items()
    )


def _ending(counterexample: Counterexample) -> list[str]:
    parts = []
    if counterexample.diverging:
        parts.append(f"<p>Then: <strong>{escape(counterexample.diverging)}</strong></p>")
    if counterexample.reproduction:
        parts.append(f"<h2>Reproduction</h2>\n<pre>{escape(counterexample.reproduction)}</pre>")
    return parts
