"""What people are sent: the same words as text and HTML."""
