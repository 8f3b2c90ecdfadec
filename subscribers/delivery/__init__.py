"""What moves the ledger: one machine or many workers send batches and settle doubts."""
