"""The site: its pages, the archive, feeds, and the data for other programs."""
