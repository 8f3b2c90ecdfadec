"""The only owner of delivery state: who gets which message, intents, evidence and totals."""
