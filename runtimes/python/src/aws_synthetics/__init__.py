"""The library of canaries in Python, after the public user guide of CloudWatch Synthetics."""
