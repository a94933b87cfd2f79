"""permessage-deflate with every kind of offer and payload: what is agreed on, and that messages then pass both ways."""

import os
import random
import re

from harness import (BINARY, CONTINUATION, DEFLATE, DEFLATE_TAIL, PING, PONG, TEXT, DeflateClient, ServedTest, deflated,
                     endpoint, frame, run_node, settings)

MAX = 1 << 20
NONE = 'server_no_context_takeover; client_no_context_takeover'
SIZES = (0, 1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)
PIECES = (256, 1024, 4096, 32768)


def make_text(size):
    """Lines of a made-up log: compressible, with characters of one to four bytes."""
    chance = random.Random(size)
    words = ['ärger', 'price', '東京', 'tick', '😀', 'volume', 'x']
    text = ''
    while len(text) < size:
        text += f'{chance.random():.5f} {chance.choice(words)} {chance.choice(words)}\n'
    return text.encode()[:size].decode(errors='ignore').ljust(1, '.').encode() if size else b''


def in_pieces(opcode, payload, size, between=b''):
    """A compressed message in frames of a size, with other frames between them."""
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)] or [b'']
    frames = [frame(CONTINUATION if i else opcode, piece, fin=i == len(pieces) - 1, rsv=0 if i else 4)
              for i, piece in enumerate(pieces)]
    return between.join(frames)


class Offers(ServedTest):
    configuration = settings(endpoint('/ws', message={'max_size': MAX, 'max_fragments': 10000}, queue={'bytes': '16MiB'}))

    def exchange(self, client, sizes=SIZES, bits=15):
        """Each message goes out compressed and comes back whole, in the form that was agreed on."""
        small = 'server_max_window_bits=9' in client.agreed()
        client.window = 9 if small else 15
        for size in sizes:
            for opcode, data in ((TEXT, make_text(size)), (BINARY, random.Random(size).randbytes(size // 2) + bytes(size // 2))):
                client.send(frame(opcode, deflated(data, bits=bits), rsv=4))
                self.assertEqual(client.read_message(), (opcode, data))
                self.assertEqual(client.was_compressed, 256 <= size)

    def test_combinations(self):
        takeovers = ('', '; server_no_context_takeover', '; client_no_context_takeover', '; ' + NONE,
                     '; client_no_context_takeover; server_no_context_takeover')
        ours = ('', '; server_max_window_bits=9', '; server_max_window_bits=12', '; server_max_window_bits="15"')
        theirs = ('', '; client_max_window_bits', '; client_max_window_bits=8', '; client_max_window_bits=11')
        for offer in (DEFLATE + a + b + c for a in takeovers for b in ours for c in theirs):
            with self.subTest(offer=offer), DeflateClient(self.server, offer=offer) as client:
                wanted = re.search(r'server_max_window_bits="?(\d+)', offer)
                bits = '' if not wanted else '; server_max_window_bits=' + ('15' if wanted[1] == '15' else '9')
                self.assertEqual(client.agreed(), f'{DEFLATE}; {NONE}{bits}')
                self.exchange(client, (16, 4096))

    def test_each_window(self):
        """Of the server, as the client can; of the client, whatever it said."""
        for bits in range(9, 16):
            offer = f'{DEFLATE}; server_max_window_bits={bits}; client_max_window_bits={bits}'
            with self.subTest(bits=bits), DeflateClient(self.server, offer=offer) as client:
                self.exchange(client, bits=bits)
        offer = f'{DEFLATE}; server_max_window_bits=8; client_max_window_bits=8'
        with DeflateClient(self.server, offer=offer) as client:
            self.assertIsNone(client.agreed())
            client.send(frame(TEXT, b'x' * 1000))
            self.assertEqual((client.read_message(), client.was_compressed), ((TEXT, b'x' * 1000), False))

    def test_the_first_offer_that_fits(self):
        for offer, bits in ((f'{DEFLATE}; server_no_context_takeover; server_max_window_bits=9, {DEFLATE}', 9),
                            (f'{DEFLATE}; server_max_window_bits=8, {DEFLATE}; server_max_window_bits=10, {DEFLATE}', 9),
                            (f'{DEFLATE}; server_max_window_bits, {DEFLATE}', None),
                            (f'x-unknown, {DEFLATE}; server_max_window_bits=7, {DEFLATE}; server_max_window_bits=15', 15)):
            with self.subTest(offer=offer), DeflateClient(self.server, offer=offer) as client:
                self.assertEqual(client.agreed(), f'{DEFLATE}; {NONE}' + (f'; server_max_window_bits={bits}' if bits else ''))
                self.exchange(client, (1024,))

    def test_what_is_no_offer_leaves_the_connection_plain(self):
        for parameters in ('server_max_window_bits', 'server_max_window_bits=16', 'client_max_window_bits=7',
                           'server_no_context_takeover=true', 'client_max_window_bits=10; client_max_window_bits=10', 'level=9'):
            with self.subTest(parameters=parameters), DeflateClient(self.server, offer=f'{DEFLATE}; {parameters}') as client:
                self.assertIsNone(client.agreed())
                client.send(frame(TEXT, make_text(4096)))
                self.assertEqual((client.read_message()[1], client.was_compressed), (make_text(4096), False))
                client.send(frame(TEXT, deflated(b'x'), rsv=4))
                self.assertEqual(client.expect_close()[0], 1002)

    def test_pieces_with_pings_between_them(self):
        with DeflateClient(self.server) as client:
            for size in (8192, 131072, MAX):
                data = make_text(size)
                packed = deflated(data, level=1)
                for piece in PIECES:
                    client.send(in_pieces(TEXT, packed, piece, frame(PING, b'p') + frame(PONG)))
                    for _ in range(-(-len(packed) // piece) - 1):
                        self.assertEqual(client.read_frame(), (PONG, b'p'))
                    self.assertEqual(client.read_message(), (TEXT, data))

    def test_close_between_two_pieces(self):
        with DeflateClient(self.server) as client:
            client.send(in_pieces(TEXT, deflated(make_text(4096)), 1000)[:1500])
            client.send(in_pieces(TEXT, deflated(make_text(4096)), 1000)[1500:1000 + 3 * 8])
        with DeflateClient(self.server) as client:
            client.send(frame(TEXT, deflated(make_text(4096))[:1000], fin=False, rsv=4))
            self.assertEqual(client.close(), 1000)

    def test_what_looks_like_the_tail(self):
        """Payloads that are, or hold, the bytes that end a message."""
        stored = b'\x00\x04\x00\xfb\xff' + DEFLATE_TAIL + b'\x00'
        for sent, got in ((stored, DEFLATE_TAIL), (deflated(DEFLATE_TAIL * 100), DEFLATE_TAIL * 100),
                          (b'\x00' + DEFLATE_TAIL + deflated(b'x'), b'x'), (b'', b''), (b'\x00', b''), (b'\x02\x00', b'')):
            with self.subTest(sent=sent[:20]), DeflateClient(self.server) as client:
                client.send(frame(BINARY, sent, rsv=4))
                self.assertEqual(client.read_message(), (BINARY, got))
        for sent in (DEFLATE_TAIL, DEFLATE_TAIL[:2], DEFLATE_TAIL * 2, b'\x00' + DEFLATE_TAIL):
            with self.subTest(sent=sent), DeflateClient(self.server) as client:
                client.send(frame(BINARY, sent, rsv=4))
                self.assertEqual(client.expect_close()[0], 1007)

    def test_empty_fragments(self):
        packed = deflated(b'abc' * 100)
        with DeflateClient(self.server) as client:
            client.send(frame(TEXT, b'', fin=False, rsv=4) + frame(CONTINUATION, b'', fin=False) * 50 +
                        frame(CONTINUATION, packed, fin=False) + frame(CONTINUATION, b''))
            self.assertEqual(client.read_message(), (TEXT, b'abc' * 100))
            client.send(frame(BINARY, b'', fin=False, rsv=4) + frame(CONTINUATION, b''))
            self.assertEqual(client.read_message(), (BINARY, b''))

    def test_zlib_reads_what_is_sent_with_each_window_and_level(self):
        for level in (1, 5, 9):
            self.server.reload(settings(endpoint('/ws', message={'max_size': MAX}, queue={'bytes': '16MiB'},
                                                 compression={'level': level, 'memory': level, 'max_size': MAX})))
            for bits in (9, 15):
                with DeflateClient(self.server, offer=f'{DEFLATE}; server_max_window_bits={bits}') as client:
                    client.window = bits
                    for size in (1000, 50000):
                        data = make_text(size) + os.urandom(100)
                        client.send(frame(BINARY, data))
                        self.assertEqual((client.read_message(), client.was_compressed), ((BINARY, data), True))

    def test_chromium_both_ways(self):
        seen = run_node('browser.mjs', 'compressed', self.server.url + '/ws', seconds=60)
        self.assertEqual(seen, {'extensions': DEFLATE, 'echoed': 16})
        for direction in ('in', 'out'):
            self.assertGreaterEqual(self.server.metric('sluice_compressed_messages_total', direction=direction), 10)
