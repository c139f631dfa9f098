"""What atoms judge by, and how a verdict is written down."""
