"""What a change of the policy must satisfy before readers see it; one file for each idea."""
