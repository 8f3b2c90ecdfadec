"""Shared by the tests: example repositories and sites, servers on loopback, and processes to be killed."""
