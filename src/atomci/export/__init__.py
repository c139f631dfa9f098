"""The same template for cookiecutter."""
