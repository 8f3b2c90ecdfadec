"""The registered users: their import, what they may ask for, and how they are erased."""
