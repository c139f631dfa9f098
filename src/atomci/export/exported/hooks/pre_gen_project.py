"""Stops before anything is rendered, where an answer isn't one that the template takes."""

import json
import sys

# cookiecutter renders this file before it runs it.
PROBLEMS = json.loads(r"""{{ _problems | to_json }}""")

sys.exit("\n".join(f"error: {problem}" for problem in PROBLEMS) or 0)
