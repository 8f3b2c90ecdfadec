"""What a published site says, read and verified, and what of it is news to whom."""
