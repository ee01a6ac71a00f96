"""Seeds: where a job's noise, and the order in which a style is read, come from."""

import secrets

MAX_SEED = 2**31 - 1


def new_seed() -> int:
    """A random seed, 0 to 2**31 - 1."""
    return secrets.randbelow(MAX_SEED + 1)


def seed_of(seed: int, n: int) -> int:
    """The seed of image `n` of a job with this seed: `seed + n`, from 0 again after the largest."""
    return (seed + n) % (MAX_SEED + 1)
