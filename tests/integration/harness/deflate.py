"""permessage-deflate (RFC 7692) byte by byte."""

import zlib

from .wire import BINARY, TEXT, RawClient

DEFLATE = 'permessage-deflate'
DEFLATE_TAIL = b'\x00\x00\xff\xff'  # at the end of each message, not sent


def deflated(data, *, bits=15, level=6, flush=zlib.Z_SYNC_FLUSH):
    """The payload of a compressed message."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -bits)
    packed = packer.compress(data) + packer.flush(flush)
    return packed[:-4] if flush == zlib.Z_SYNC_FLUSH else packed


class DeflateClient(RawClient):
    """A RawClient that offers permessage-deflate, and reads compressed frames too."""

    def __init__(self, server, path='/ws', offer=DEFLATE, window=15, **how):
        self.window = window
        self.was_compressed = False
        super().__init__(server, path, headers=[('Sec-WebSocket-Extensions', offer)] if offer else [], **how)

    def read_frame(self):
        while not self.buffer:
            self._fill()
        self.was_compressed = bool(self.buffer[0] & 0x40)
        if not self.was_compressed:
            return super().read_frame()
        assert self.agreed(), 'a compressed frame that was not agreed on'
        assert self.buffer[0] & 0xF in (TEXT, BINARY), 'a control frame is never compressed'
        self.buffer = bytes([self.buffer[0] & ~0x40]) + self.buffer[1:]
        opcode, payload = super().read_frame()
        unpacker = zlib.decompressobj(-self.window)
        return opcode, unpacker.decompress(payload + DEFLATE_TAIL)

    def agreed(self):
        return self.response_headers.get('sec-websocket-extensions')
