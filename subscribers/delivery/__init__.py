"""Delivers: one process or many workers send the batches of the ledger and settle unknown ones."""
