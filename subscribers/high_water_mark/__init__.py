"""The high-water mark says, outside the database, how far it has got: so an old copy is recognised."""
