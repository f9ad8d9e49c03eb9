"""A view as HTML that needs nothing else: no Python, no network, no other file.

The drawing is the same ES module as in a notebook; a small stand-in for the notebook's
model holds the recorded data. Where no script runs, the text form stays. Not here: what
is drawn.
"""

import html
import json
from hashlib import sha256
from typing import Any

FRAGMENT = """<div class="ebpflab-page" id="{id}">
<pre class="ebpflab-text" lang="{lang}">{text}</pre>
<style>{css}</style>
<script type="application/json">{state}</script>
<script type="module">
{esm}
const page = document.querySelector('[id="{id}"]:not([data-alive])')
if (page) {{
  page.dataset.alive = ''
  const kept = JSON.parse(page.querySelector('script').textContent)
  const model = {{
    get: name => kept[name], set: (name, value) => {{ kept[name] = value }},
    on() {{}}, off() {{}}, save_changes() {{}},
  }}
  const el = document.createElement('div')
  page.querySelector('.ebpflab-text').replaceWith(el)
  render({{ model, el }})
}}
</script>
</div>"""

PAGE = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 0; background: light-dark(#fff, #111); color: light-dark(#000, #fff) }}
.ebpflab-text {{ margin: 1em; white-space: pre-wrap }}
</style>
<body>
{body}
</body>
</html>
"""


def fragment(state: dict[str, Any], text: str, esm: str, css: str) -> str:
    """Return a piece of HTML; equal pieces on one page each find their own place."""
    packed = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
    digits = sha256(packed.encode()).hexdigest()[:DIGITS]
    return FRAGMENT.format(
        id=f"ebpflab-{digits}",
        lang=state["lang"],
        text=html.escape(text),
        css=css,
        # In a script no "<" may stand that could end it.
        state=packed.replace("<", "\\u003c"),
        esm=esm,
    )


DIGITS = 12  # of the name of a piece


def page(body: str, title: str, language: str) -> str:
    """Return a whole page around one piece."""
    return PAGE.format(body=body, title=html.escape(title), lang=language)
