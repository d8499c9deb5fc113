"""Many visitors at once: `python -m tools.load` lets them come, and checks that each gets what is theirs."""
