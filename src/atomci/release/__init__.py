"""From commits to a release: messages, the next version, the changelog, what a branch still holds."""
