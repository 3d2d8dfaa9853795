"""Run scripts, and group what they wait for into the fewest requests. It knows no gallery."""
