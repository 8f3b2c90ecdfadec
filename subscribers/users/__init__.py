"""Who is registered: import, corrections, rights, and what is remembered of them."""
