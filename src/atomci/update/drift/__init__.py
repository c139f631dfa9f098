"""Which files of a project aren't as they were rendered, which of them may be, and putting them back."""
