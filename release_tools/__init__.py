"""What a release is checked with: locks, licences and advisories. Beside the package, not part of it."""
