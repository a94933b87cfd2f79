"""Waiting for conditions and for the end of programs, never for time."""

import os
import select
import subprocess
import time

POLL_SECONDS = 0.01


def patience(seconds):
    """How long to wait for what ought to take `seconds`: sanitizers and busy machines are slow."""
    return seconds * float(os.environ.get('SLUICE_TEST_PATIENCE', '1'))


def wait_until(condition, what, seconds=10):
    """Returns the first true value of condition(); fails with `what` if none comes in time."""
    deadline = time.monotonic() + patience(seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {patience(seconds):g} s in vain: {what}')
        select.select([], [], [], POLL_SECONDS)


def end_process(process):
    """Asks a program to end, and kills it if it does not."""
    process.terminate()
    try:
        process.wait(patience(10))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
