"""Builds the page that restores photos in the browser alone: `python -m tools.web`, sources in web/."""
