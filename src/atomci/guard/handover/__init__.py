"""What a session changed: shown, brought to the checkout, put on a branch, or dropped."""
