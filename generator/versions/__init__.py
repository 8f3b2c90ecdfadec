"""The versions of every document, as git history and Markdown have them."""
