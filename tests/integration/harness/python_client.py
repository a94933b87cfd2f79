"""Python's `websockets`, whose names changed with version 14; Debian 12 has 10 and Debian 13 has 15."""

import websockets

HAS_NEW_NAMES = int(websockets.__version__.split('.')[0]) >= 14
UpgradeRefused = websockets.InvalidStatus if HAS_NEW_NAMES else websockets.InvalidStatusCode


def connect(url, *, headers=None, **how):
    """websockets.connect, with more header fields for the request."""
    if headers:
        how['additional_headers' if HAS_NEW_NAMES else 'extra_headers'] = headers
    return websockets.connect(url, **how)


def refused_status(error):
    """The HTTP status of an UpgradeRefused."""
    return error.response.status_code if HAS_NEW_NAMES else error.status_code
