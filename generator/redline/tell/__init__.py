"""The list of changes: what each one is, its location in the text, and its sentence."""
