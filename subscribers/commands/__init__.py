"""The commands of ``policy-notify``, by whom they serve."""
