"""What is done with one product or one asset, as scripts, and what they decide, read and record."""
