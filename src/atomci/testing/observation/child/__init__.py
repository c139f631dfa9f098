"""What programs that tests start find on their module path, so that they are followed too."""
