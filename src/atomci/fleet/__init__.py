"""Updates brought to repositories: as pull requests, one after the other or many at once."""
