"""What a run needs, looked at before it: findings about each part of it. Changes nothing."""
