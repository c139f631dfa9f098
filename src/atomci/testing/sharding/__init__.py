"""The unit suite divided into shards, each run as a portion, and judged as a whole again."""
