"""Which piece of the old text is which piece of the new one: blocks, moves, table rows, words, formatting."""
