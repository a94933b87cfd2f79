"""Addresses and ports for programs that have to be told one before they start."""

import contextlib
import itertools
import os
import random
import socket

# Below the ports that the kernel gives to whoever asks for any, so that none of those takes one of these meanwhile.
PORTS = range(10000, 32768)

given = set()
numbers = itertools.count(1)


def own_address():
    """A loopback address that no other test has, so that its ports stay free while a program is restarted."""
    return f'127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}.{next(numbers)}'


def free_port(*addresses):
    """A port that is free at all of these addresses (127.0.0.1 if none is named), and was given to nobody before."""
    while True:
        port = random.choice(PORTS)
        if port in given:
            continue
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for address in addresses or ['127.0.0.1']:
                held.enter_context(socket.create_server((address, port)))
            given.add(port)
            return port
