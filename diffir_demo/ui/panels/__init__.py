"""The regions of a tab, one file each; `tab.py` puts them together."""
