"""The commands of ``policy-site``: one file for each, named as it is typed."""
