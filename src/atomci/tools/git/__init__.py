"""A repository through the git program: questions to it, where it keeps things, and its objects."""
