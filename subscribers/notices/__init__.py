"""The signed list of all emails that were sent, and whether a given email is one of them."""
