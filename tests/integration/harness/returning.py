"""Many clients that come back whenever they are closed, as docs/operations.md asks of them."""

import asyncio
import base64
import os
import struct
import time

from .waiting import patience
from .wire import CLOSE, close_payload, frame, parse_head, upgrade_request

TICK_SECONDS = 0.02


class ReturningClients:
    """Clients of a proxy that ends TLS, in one event loop. An upgrade that fails is noted in `failures`, a close frame
    in `closes`, as (time, code, reason)."""

    def __init__(self, count, address, context):
        self.count, self.address, self.context = count, address, context
        self.failures, self.closes = [], []
        self.open = self.upgrades = 0

    async def __aenter__(self):
        self.is_over = False
        self.tasks = [asyncio.create_task(self._stay()) for _ in range(self.count)]
        return self

    async def __aexit__(self, *_):
        self.is_over = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def until(self, condition, what, seconds=15):
        """Returns when condition() is true; fails if nothing has been going on for so long."""
        upgrades = deadline = None
        while not condition():
            if upgrades != self.upgrades:
                upgrades, deadline = self.upgrades, time.monotonic() + patience(seconds)
            elif time.monotonic() > deadline:
                raise AssertionError(f'waited {patience(seconds):g} s in vain: {what}; {self.open} of {self.count} are '
                                     f'open, failed: {self.failures[:3]}')
            await asyncio.sleep(TICK_SECONDS)

    async def until_all_are_there(self):
        await self.until(lambda: self.open == self.count or self.failures, 'all clients are connected')

    async def _stay(self):
        while not self.is_over and not self.failures:
            try:
                reader, writer = await self.connect()
            except (OSError, EOFError, AssertionError, ValueError) as error:
                self.failures.append(repr(error))
                return
            self.open += 1
            try:
                await self._read_to_close(reader, writer)
            except (OSError, EOFError) as error:
                self.failures.append(f'ended without a close frame: {error!r}')
            finally:
                self.open -= 1
                writer.close()

    async def connect(self):
        """One upgrade: its streams."""
        reader, writer = await asyncio.open_connection(*self.address, ssl=self.context, server_hostname='localhost')
        writer.write(upgrade_request(key=base64.b64encode(os.urandom(16)).decode()))
        head = await reader.readuntil(b'\r\n\r\n')
        status, _ = parse_head(head[:-4])
        if status != 101:
            writer.close()
            raise AssertionError(f'the upgrade was refused: {head!r}')
        self.upgrades += 1
        return reader, writer

    async def _read_to_close(self, reader, writer):
        while True:
            first, second = await reader.readexactly(2)
            assert second < 126, 'nothing long is sent here'
            payload = await reader.readexactly(second)
            if first & 0xF == CLOSE:
                code = struct.unpack('>H', payload[:2])[0]
                self.closes.append((time.monotonic(), code, payload[2:].decode()))
                writer.write(frame(CLOSE, close_payload(code)))
                return
