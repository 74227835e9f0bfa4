"""Why a pool is not faster: its traced runs, the factors of its speedup, its bound and its losses."""
