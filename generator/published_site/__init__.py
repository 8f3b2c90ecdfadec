"""The published site: read before a build so that nothing is lost, replaced as a whole, and signed."""
