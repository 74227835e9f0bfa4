"""Differences between Hydra 1.3 with OmegaConf 2.3, and Hydra 1.4 with OmegaConf 2.4."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import hydra
from hydra.errors import ConfigCompositionException
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf

_IS_1_3 = hydra.__version__.startswith("1.3.")

#: Arguments of `hydra.main`: 1.3 warns if version_base is missing, 1.4 if it is there.
MAIN_OPTIONS: dict[str, Any] = {"version_base": "1.3"} if _IS_1_3 else {}


def register_resolver(name: str, resolver: Callable[[], str | int]) -> None:
    """Register the function that ${name:} in the configuration calls, replacing an earlier one."""
    register = OmegaConf.register_new_resolver if _IS_1_3 else OmegaConf.register_resolver
    register(name, resolver, replace=True)  # type: ignore[call-arg,unused-ignore]


def run_or_sweep(main: Callable[[], None]) -> None:
    """Call the main function of Hydra; with --multirun if an experiment's file sets `hydra.mode: MULTIRUN`.

    Hydra 1.3 finds the mode in the composed configuration, 1.4 only in the primary file and on the command
    line: it refuses a mode that comes from another file.
    """
    try:
        main()
    except ConfigCompositionException as error:
        if "hydra.mode changed during config composition" not in str(error):
            raise
        sys.argv = [*sys.argv, "--multirun"]
        main()


@contextmanager
def composing_once() -> Iterator[None]:
    """Stop the sweeper from composing every point twice: it does so to find errors before it launches a job.

    In both versions, sweepers call the public method that is replaced here once for each batch.
    """
    original = Sweeper.validate_batch_is_legal
    Sweeper.validate_batch_is_legal = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        Sweeper.validate_batch_is_legal = original  # type: ignore[method-assign]


@contextmanager
def lazy_help_allowed() -> Iterator[None]:
    """Let Hydra 1.3 run on Python 3.14, whose argparse rejects Hydra's help text that is not a string."""
    check = vars(argparse.ArgumentParser).get("_check_help")
    if check is None or not _IS_1_3:
        yield
        return
    setattr(argparse.ArgumentParser, "_check_help", lambda *_: None)  # noqa: B010 - typeshed does not know it
    try:
        yield
    finally:
        setattr(argparse.ArgumentParser, "_check_help", check)  # noqa: B010
