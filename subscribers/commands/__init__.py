"""The commands of ``policy-notify``: one file each, named as the command is typed."""
