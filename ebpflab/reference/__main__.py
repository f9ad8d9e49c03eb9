"""Write the reference pages: `python -m ebpflab.reference [FOLDER]`."""

import os
import sys
from pathlib import Path

from ebpflab.language import LANGUAGES
from ebpflab.reference.pages import PAGES, page

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/reference")
for language in LANGUAGES:
    os.environ["EBPFLAB_LANG"] = language
    (folder / language).mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (folder / language / f"{name}.md").write_text(page(name), encoding="utf-8")
sys.stdout.write(f"{folder}: {len(LANGUAGES)} x {len(PAGES)}\n")
