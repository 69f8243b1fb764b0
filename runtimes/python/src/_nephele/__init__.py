"""What a run in Python is made of; scripts import aws_synthetics instead."""
