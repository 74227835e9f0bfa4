"""The files of a result folder."""

from collections.abc import Mapping

from runner.records import Purpose

SAMPLES = "samples.csv"
UNTIMED = "untimed.csv"
TRACE = "trace.csv"  #: while measuring
FINAL_TRACE = "trace.parquet"  #: once the study is complete or stopped
CELLS = "cells.yaml"
STUDY = "study.yaml"
VERDICT = "verdict.json"
PAGE = "report.html"
ENVIRONMENT = "environment.json"
LOG = "study.log"
OUTPUT = "output"  #: folder for what invocations print
PROFILES = "profiles"  #: folder for what profilers write
#: Suffix of a profile's name, by purpose.
PROFILE_SUFFIXES: Mapping[Purpose, str] = {"cpu-profile": ".speedscope.json", "memory-profile": ".csv"}
