"""permessage-deflate (RFC 7692) on the wire: what is agreed on, how it is inflated, and who gets what compressed."""

import os
import random
import subprocess
import zlib

from harness import (BINARY, CLOSE, CONTINUATION, DEFLATE, DEFLATE_TAIL, INTEGRATION, PING, PONG, TEXT, Certificates,
                     DeflateClient, Ended, ServedTest, close_payload, deflated, endpoint, frame, patience, settings)

MAX = 65536
AGREED = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
SIZES = (0, 1, 16, 64, 125, 126, 127, 255, 256, 257, 1024, 4096, 16384, 65535, 65536)


def some_text(size):
    """JSON that compresses well, and differently for each size."""
    pick = random.Random(size)
    text = ''
    while len(text) < size:
        text += f'{{"symbol":"S{pick.randrange(400)}","bid":{pick.random():.3f},"note":"grün"}},'
    return text.encode()[:size].decode(errors='ignore').ljust(1).encode()[:size]


def one_message(payload, opcode=BINARY):
    return frame(opcode, payload, rsv=4)


def in_fragments(payload, size, opcode=BINARY):
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)] or [b'']
    return b''.join(frame(CONTINUATION if i else opcode, piece, fin=i == len(pieces) - 1, rsv=0 if i else 4)
                    for i, piece in enumerate(pieces))


class Negotiation(ServedTest):
    configuration = settings(endpoint('/ws'), endpoint('/plain', compression={'enabled': False}))

    def test_offers_are_answered(self):
        for offer, answer in ((DEFLATE, AGREED), (DEFLATE + '; client_max_window_bits', AGREED),
                              (DEFLATE + '; server_max_window_bits=10', AGREED + '; server_max_window_bits=9'),
                              (DEFLATE + '; unknown, ' + DEFLATE + '; server_max_window_bits=15',
                               AGREED + '; server_max_window_bits=15'),
                              (DEFLATE + '; unknown', None), ('x-webkit-deflate-frame', None), (None, None)):
            with self.subTest(offer=offer), DeflateClient(self.server, offer=offer) as client:
                self.assertEqual(client.agreed(), answer)

    def test_an_endpoint_may_decline(self):
        with DeflateClient(self.server, '/plain') as client:
            self.assertIsNone(client.agreed())
            client.send(one_message(deflated(b'x')))
            self.assertEqual(client.expect_close()[0], 1002)


class Messages(ServedTest):
    configuration = settings(endpoint('/ws', message={'max_size': MAX}))

    def check_echo(self, client, data, sent):
        client.send(sent)
        self.assertEqual(client.read_message()[1], data)
        self.assertEqual(client.was_compressed, len(data) >= 256)

    def test_sizes_windows_and_levels(self):
        for bits in range(9, 16):
            offer = f'{DEFLATE}; server_max_window_bits={bits}; client_max_window_bits={bits}'
            with DeflateClient(self.server, offer=offer, window=bits) as client:
                for size in SIZES:
                    data = some_text(size)
                    with self.subTest(bits=bits, size=size):
                        self.check_echo(client, data, one_message(deflated(data, bits=bits, level=bits % 10), TEXT))

    def test_fragments_of_all_sizes(self):
        with DeflateClient(self.server) as client:
            for size in (256, 1024, 65536):
                data = some_text(size)
                packed = deflated(data)
                for part in (1, 2, 64, 1000):
                    if size // part < 20000:
                        self.check_echo(client, data, in_fragments(packed, part))

    def test_byte_by_byte(self):
        with DeflateClient(self.server) as client:
            data = some_text(500)
            for byte in in_fragments(deflated(data), 40, TEXT) + frame(PING, b'p'):
                client.send(bytes([byte]))
            self.assertEqual(client.read_message(), (TEXT, data))
            self.assertEqual(client.read_frame(), (PONG, b'p'))

    def test_final_blocks(self):
        with DeflateClient(self.server) as client:
            packed = deflated(b'a' * 300, flush=zlib.Z_FINISH)
            for payload in (packed, packed + b'\x00', packed + deflated(b'')):
                self.check_echo(client, b'a' * 300, one_message(payload))

    def test_noise_comes_back_plain(self):
        with DeflateClient(self.server) as client:
            for size in (300, MAX):
                noise = os.urandom(size)
                client.send(one_message(deflated(noise)))
                self.assertEqual(client.read_message(), (BINARY, noise))
                self.assertFalse(client.was_compressed)

    def test_plain_messages_stay_welcome(self):
        with DeflateClient(self.server) as client:
            data = some_text(1000)
            client.send(frame(TEXT, b'short') + frame(TEXT, data))
            self.assertEqual(client.read_message(), (TEXT, b'short'))
            self.assertEqual(client.read_message(), (TEXT, data))
            self.assertTrue(client.was_compressed)

    def test_everybody_gets_what_they_can_read(self):
        offers = (None, DEFLATE, DEFLATE + '; server_max_window_bits=9')
        clients = [DeflateClient(self.server, offer=offer, window=9 if offer == offers[2] else 15) for offer in offers * 3]
        before = self.server.metric('sluice_compressed_messages_total', direction='out')
        data = some_text(5000)
        clients[0].send(frame(TEXT, data))
        for i, client in enumerate(clients):
            self.assertEqual(client.read_message(), (TEXT, data))
            self.assertEqual(client.was_compressed, i % 3 != 0)
            client.socket.close()
        after = self.server.metric('sluice_compressed_messages_total', direction='out')
        self.assertLessEqual(after - before, 4)  # each loop compresses once for each window

    def test_metrics_tell_what_was_saved(self):
        def read():
            return [self.server.metric('sluice_compressed_bytes_total', direction=direction, form=form)
                    for direction in ('in', 'out') for form in ('compressed', 'plain')]
        with DeflateClient(self.server) as client:
            data = some_text(4000)
            before, packed = read(), deflated(data)
            self.check_echo(client, data, one_message(packed))
            grown = [now - then for now, then in zip(read(), before)]
            self.assertEqual(grown[:2] + grown[3:], [len(packed), 4000, 4000])
            self.assertTrue(0 < grown[2] < 4000)


class Violations(ServedTest):
    configuration = settings(endpoint('/ws', message={'max_size': MAX}))

    def check(self, code, *sent):
        for data in sent:
            with self.subTest(data=data[:40]), DeflateClient(self.server) as client:
                client.send(data)
                self.assertEqual(client.expect_close()[0], code)

    def test_rsv1_where_it_must_not_be(self):
        begun = frame(TEXT, deflated(b'x'), fin=False, rsv=4)
        self.check(1002, frame(PING, b'', rsv=4), frame(CLOSE, close_payload(1000), rsv=4),
                   begun + frame(CONTINUATION, b'', rsv=4), frame(TEXT, b'x', fin=False) + frame(CONTINUATION, b'', rsv=4),
                   frame(TEXT, b'', rsv=6), frame(TEXT, b'', rsv=5), frame(TEXT, b'', rsv=2))

    def test_corrupt_streams(self):
        packed = deflated(some_text(1000))
        self.check(1007, one_message(b'\x07'), one_message(b'\xff' * 100), one_message(packed[:-10]),
                   one_message(deflated(b'x', flush=zlib.Z_FINISH) + b'\x07garbage'), one_message(packed + DEFLATE_TAIL))

    def test_text_is_checked(self):
        self.check(1007, one_message(deflated(b'\xff'), TEXT), one_message(deflated(b'abc\xc3'), TEXT),
                   in_fragments(deflated(b'x' * 1000 + b'\xed\xa0\x80'), 5, TEXT))

    def test_bombs(self):
        self.check(1009, one_message(deflated(b'\x00' * (MAX + 1))), one_message(deflated(b'\x00' * (64 << 20), level=9)),
                   frame(BINARY, b'', rsv=4, announced=2 * MAX), in_fragments(deflated(b'a' * (1 << 20)), 100))
        inflated = self.server.metric('sluice_compressed_bytes_total', direction='in', form='plain')
        self.assertLess(inflated, 8 * (MAX + 65536))

    def test_many_bombs_hold_up_nobody(self):
        bomb = one_message(deflated(b'\x00' * MAX, level=9))
        with DeflateClient(self.server, offer=None) as quiet, DeflateClient(self.server) as sender:
            sender.socket.settimeout(patience(60))
            for _ in range(100):
                sender.send(bomb * 10)
                quiet.send(frame(PING, b'?'))
                while quiet.read_frame()[0] != PONG:
                    pass
                for _ in range(10):
                    sender.read_message()

    def test_one_that_leaves_in_the_middle(self):
        for _ in range(50):
            with DeflateClient(self.server) as client:
                client.send(one_message(deflated(some_text(3000)))[:-7])
        self.server.wait_for_metric(0, 'sluice_clients', endpoint='/ws')
        self.server.wait_for_metric(0, 'sluice_input_bytes')


class LongMessages(ServedTest):
    """What takes a loop long is done in turns, or not at all."""

    MAX = 4 << 20
    configuration = settings(endpoint('/ws', message={'max_size': MAX}, queue={'bytes': '16MiB'}), loops=1)

    # A block with large tables that makes nothing, and an empty one that ends with a whole byte.
    dear = bytes.fromhex('ec1d0560182068' + 'dd' * 18 + '1defeeeeeeee04bbbbe311000000ffff')

    def pings_meanwhile(self, quiet):
        """How often another client was answered before the message came to it."""
        for answered in range(1000):
            quiet.send(frame(PING, b'?'))
            opcode, payload = quiet.read_frame()
            if opcode != PONG:
                return answered, payload
        return self.fail('the message has not come')

    def test_others_are_served_meanwhile(self):
        text = b'at last'
        packed = self.dear * (1000000 // len(self.dear)) + deflated(text)
        self.assertEqual(zlib.decompressobj(-15).decompress(packed + DEFLATE_TAIL), text)
        for sent in (one_message(packed, TEXT), in_fragments(packed, 70000, TEXT)):
            before = self.server.metric('sluice_input_pauses_total')
            with DeflateClient(self.server) as sender, DeflateClient(self.server) as quiet:
                sender.send(sent[:-1])
                self.assertEqual(quiet.send(frame(PING, b'?')) or quiet.read_frame()[0], PONG)
                sender.send(sent[-1:])
                answered, payload = self.pings_meanwhile(quiet)
                self.assertEqual(payload, text)
                self.assertEqual(sender.read_message(), (TEXT, text))
            self.assertGreater(answered, 5)
            self.assertGreater(self.server.metric('sluice_input_pauses_total'), before + 5)
            self.server.wait_for_metric(0, 'sluice_input_bytes')

    def test_bombs_of_many_clients_at_once(self):
        bomb = one_message(deflated(b'\x00' * (self.MAX + 1), level=9))
        with DeflateClient(self.server) as quiet:
            senders = [DeflateClient(self.server) for _ in range(20)]
            for sender in senders:
                sender.send(bomb[:-1])
            for sender in senders:
                sender.send(bomb[-1:])
            for sender in senders:
                quiet.send(frame(PING, b'?'))
                self.assertEqual(quiet.read_frame()[0], PONG)
                self.assertEqual(sender.expect_close()[0], 1009)
        self.server.wait_for_metric(0, 'sluice_input_bytes')

    def test_very_long_ones_go_out_plain(self):
        with DeflateClient(self.server) as client:
            for size, is_compressed in ((256 << 10, True), ((256 << 10) + 1, False), (self.MAX, False)):
                client.send(one_message(deflated(b'x' * size)))
                self.assertEqual(client.read_message(), (BINARY, b'x' * size))
                self.assertEqual(client.was_compressed, is_compressed)


class Secure(ServedTest):
    """The same behind TLS, on one loop and on several."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        cls.configuration = settings(endpoint('/ws', message={'max_size': MAX}), loops=8,
                                     listen=[{'address': '127.0.0.1:0', 'tls': cls.certificates.tls}])
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.certificates.cleanup()

    def test_everybody_gets_everything(self):
        context = self.certificates.client_context()
        clients = [DeflateClient(self.server, offer=DEFLATE if i % 2 else None, tls=context) for i in range(16)]
        sent = [some_text(size) for size in (300, 100, 60000, 255, 256)]
        for data in sent:
            clients[1].send(one_message(deflated(data)))
        for client in clients:
            self.assertEqual([client.read_message()[1] for _ in sent], sent)
            client.socket.close()


class SlowReader(ServedTest):
    configuration = settings(endpoint('/ws', message={'max_size': MAX}, queue={'bytes': '64MiB'}))

    def test_misses_nothing(self):
        with DeflateClient(self.server, receive_buffer=4096) as slow, DeflateClient(self.server, offer=None) as sender:
            sent = [random.Random(i).randbytes(2000).hex().encode() if i % 3 else b'%d' % i for i in range(1500)]
            for data in sent:
                sender.send(frame(TEXT, data))
                self.assertEqual(sender.read_message()[1], data)
            for data in sent:
                self.assertEqual(slow.read_message()[1], data)


class Reload(ServedTest):
    configuration = settings(endpoint('/ws', compression={'min_size': 1000}))

    def test_a_connection_keeps_what_it_agreed_on(self):
        with DeflateClient(self.server) as client, DeflateClient(self.server, offer=None) as plain:
            data = some_text(900)
            client.send(one_message(deflated(data)))
            self.assertEqual((client.read_message(), client.was_compressed), ((BINARY, data), False))
            self.server.reload(settings(endpoint('/ws', compression={'min_size': 100, 'level': 9, 'memory': 9})))
            plain.read_message()
            plain.send(frame(TEXT, data))
            self.assertEqual((client.read_message(), client.was_compressed), ((TEXT, data), True))
            self.server.reload(settings(endpoint('/ws', compression={'enabled': False})))
            client.send(one_message(deflated(data)))
            self.assertEqual(client.read_message(), (BINARY, data))
            with DeflateClient(self.server) as late:
                self.assertIsNone(late.agreed())


class RealClients(ServedTest):
    configuration = settings(endpoint('/ws', message={'max_size': '1MiB'}))

    def test_node_ws_both_ways(self):
        done = subprocess.run(['node', os.path.join(INTEGRATION, 'clients', 'compressed.mjs'), self.server.url + '/ws'],
                              capture_output=True, timeout=patience(60), check=False)
        self.assertEqual((done.returncode, done.stdout.decode()), (0, 'permessage-deflate: 21 messages\n'), done.stderr)
        self.assertGreater(self.server.metric('sluice_compressed_messages_total', direction='in'), 0)
        self.assertGreater(self.server.metric('sluice_compressed_messages_total', direction='out'), 0)

    def test_one_that_ends_by_a_close_frame_is_counted_out(self):
        with DeflateClient(self.server) as client:
            client.send(one_message(deflated(some_text(2000))))
            client.read_message()
            self.assertEqual(client.close(), 1000)
            with self.assertRaises((Ended, OSError)):
                client.read_frame()
