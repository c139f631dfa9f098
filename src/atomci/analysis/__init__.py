"""What static tools say, as findings: one module per tool, then SARIF and lanes."""
