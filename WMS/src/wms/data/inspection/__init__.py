"""Data validation: measure each file once, then judge the figures by rules."""
