"""The MkDocs plugin, and the only package that imports MkDocs."""
