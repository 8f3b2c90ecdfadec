"""What the tests share: example repositories and sites, servers on loopback, and processes to be killed."""
