"""A newer version of the template, merged into a project; what drifted, and putting it back."""
