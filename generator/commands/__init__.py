"""The commands of ``policy-site``: one file for each, named as it is typed.

A command imports MkDocs, git and the redline only when it runs, so that help and completion are quick.
"""
