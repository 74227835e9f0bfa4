"""The command line and YAML → points: Hydra composes, a schema types, what one point cannot be is refused."""
