"""The site: `task docs` builds it, and a test of the integration layer sees that it builds."""

from importlib.metadata import version as version_of

project = "my-service"
version = release = version_of("my-service")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = f"{project} {version}"
html_show_copyright = False
