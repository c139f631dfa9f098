"""What a project locks and installs its tools with: one module per package manager."""
