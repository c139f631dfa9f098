"""How runs, atoms and updates are shown: on a terminal, as plain lines, as JSON and on GitHub."""
