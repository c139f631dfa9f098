"""Where a session works: a worktree of its own outside the checkout, or the checkout itself."""
