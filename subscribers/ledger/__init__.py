"""The only owner of delivery state: who gets what, intents, evidence, books."""
