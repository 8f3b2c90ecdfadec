"""What ``policy-notify serve`` answers over HTTP."""
