"""Inputs that a fuzzer makes up, guided by what they reach: `python -m tools.fuzz`, or `make fuzz`."""
