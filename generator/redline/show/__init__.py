"""A redline as readers see it: HTML, two columns, an excerpt of the changes, plain text."""
