"""An existing repository joins a template."""
