"""Both texts merged into one sequence of lines, in elements that HTML allows."""
