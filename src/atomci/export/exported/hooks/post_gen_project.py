"""Removes what these answers leave out: cookiecutter can't render a folder to no name at all."""

import json
import shutil
import sys
from pathlib import Path

# cookiecutter renders this file before it runs it. In a list, JSON never has three quotes in a row.
(MESSAGE,) = json.loads(r"""{{ [_message_after_copy] | to_json }}""")

for path in sorted(Path.cwd().rglob(".not-rendered-*"), reverse=True):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
sys.stdout.write(f"{MESSAGE}\n" if MESSAGE else "")
