"""What the project is measured with and its small judges are fitted by; run from a clone, not part of the package."""
