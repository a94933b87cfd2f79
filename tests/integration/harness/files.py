"""What this process may have open: run.py allows 8192 files, and a test that wants more says so."""

import resource


def allow_files(count):
    """Lets this process, and the servers that it starts, have so many files and sockets open, if the
    system allows it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count), most))
