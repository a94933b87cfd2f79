"""RFC 6455 on the wire: what is accepted, and which close code answers every violation."""

from harness import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawClient, ServedTest,
                     close_payload, endpoint, frame, settings)

MAX = 65536


def fragments(*payloads, opcode=TEXT):
    """One message in as many frames as there are payloads."""
    last = len(payloads) - 1
    return b''.join(frame(opcode if i == 0 else CONTINUATION, payload, fin=i == last)
                    for i, payload in enumerate(payloads))


PROTOCOL_ERRORS = {
    'unmasked_frame': frame(TEXT, b'hello', mask=False),
    'unmasked_close': frame(CLOSE, close_payload(1000), mask=False),
    'rsv1_without_extension': frame(TEXT, b'x', rsv=4),
    'rsv2': frame(TEXT, b'x', rsv=2),
    'rsv3': frame(TEXT, b'x', rsv=1),
    'rsv_on_a_control_frame': frame(PING, b'', rsv=4),
    'fragmented_ping': frame(PING, b'x', fin=False),
    'fragmented_pong': frame(PONG, b'x', fin=False),
    'fragmented_close': frame(CLOSE, close_payload(1000), fin=False),
    'ping_of_126_bytes': frame(PING, b'x' * 126),
    'close_of_126_bytes': frame(CLOSE, close_payload(1000) + b'x' * 124),
    'ping_with_64_bit_length': frame(PING, b'', form=64),
    'length_125_in_16_bits': frame(TEXT, b'x' * 125, form=16),
    'length_0_in_16_bits': frame(TEXT, b'', form=16),
    'length_65535_in_64_bits': frame(TEXT, b'x' * 65535, form=64),
    'length_with_the_top_bit': frame(TEXT, b'', form=64, announced=1 << 63),
    'continuation_without_start': frame(CONTINUATION, b'x'),
    'continuation_after_a_whole_message': frame(TEXT, b'x') + frame(CONTINUATION, b'x'),
    'text_inside_a_fragmented_message': frame(TEXT, b'x', fin=False) + frame(TEXT, b'x'),
    'binary_inside_a_fragmented_message': frame(TEXT, b'x', fin=False) + frame(BINARY, b'x'),
    'close_payload_of_one_byte': frame(CLOSE, b'\x03'),
    **{f'reserved_opcode_{opcode}': frame(opcode, b'') for opcode in
       (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f'close_code_{code}': frame(CLOSE, close_payload(code)) for code in
       (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)},
}

BAD_UTF8 = {
    'lone_continuation_byte': frame(TEXT, b'abc\x80'),
    'byte_ff': frame(TEXT, b'\xff'),
    'overlong': frame(TEXT, b'\xc0\xaf'),
    'overlong_of_three': frame(TEXT, b'\xe0\x80\xaf'),
    'surrogate': frame(TEXT, b'\xed\xa0\x80'),
    'above_10ffff': frame(TEXT, b'\xf4\x90\x80\x80'),
    'cut_at_the_end': frame(TEXT, b'\xe2\x82'),
    'cut_at_the_end_of_the_last_fragment': fragments(b'ok', b'\xe2\x82'),
    'bad_in_the_second_fragment': fragments(b'ok', b'\xff'),
    'code_point_broken_between_fragments': fragments(b'\xe2\x82', b'x'),
    'bad_fragment_with_the_end_outstanding': frame(TEXT, b'\xff', fin=False),
    'bad_bytes_with_the_frame_outstanding': frame(TEXT, b'\xff' * 20 + b'x' * 5000)[:40],
    'in_the_close_reason': frame(CLOSE, close_payload(1000, b'\xff')),
}

TOO_BIG = {
    'announced': frame(TEXT, b'', form=64, announced=MAX + 1),
    'announced_gigabytes': frame(BINARY, b'', form=64, announced=1 << 31),
    'announced_exabytes': frame(BINARY, b'', form=64, announced=(1 << 63) - 1),
    'over_two_fragments': fragments(b'x' * 40000, b'x' * 30000),
    'over_many_fragments': frame(TEXT, b'x' * 60000, fin=False)
                           + frame(CONTINUATION, b'x' * 1000, fin=False) * 6,
}


class Violations(ServedTest):
    configuration = settings(
        endpoint('/ws', message={'max_size': MAX}),
        endpoint('/text', message={'types': ['text']}),
        endpoint('/binary', message={'types': ['binary']}))

    def violate(self, data, code, path='/ws'):
        with RawClient(self.server, path) as client:
            client.send(data)
            self.assertEqual(client.expect_close()[0], code)

    def test_wrong_type_text(self):
        self.violate(frame(TEXT, b'x'), 1003, '/binary')

    def test_wrong_type_binary(self):
        self.violate(frame(BINARY, b'x'), 1003, '/text')

    def test_first_violation_counts(self):
        self.violate(frame(TEXT, b'\xff') + frame(3, b''), 1007)

    def test_message_before_the_violation_is_delivered(self):
        with RawClient(self.server) as client:
            client.send(frame(TEXT, b'good') + frame(TEXT, b'bad', mask=False))
            self.assertEqual(client.read_text(), 'good')
            self.assertEqual(client.expect_close()[0], 1002)

    def test_nothing_after_close_is_looked_at(self):
        with RawClient(self.server) as watcher, RawClient(self.server) as client:
            client.send(frame(CLOSE, close_payload(1000)) + frame(TEXT, b'late'))
            self.assertEqual(client.expect_close()[0], 1000)
            watcher.text('mine')
            self.assertEqual(watcher.read_text(), 'mine')


def add_violations(prefix, table, code):
    for name, data in table.items():
        def test(self, data=data):
            self.violate(data, code)
        setattr(Violations, f'test_{prefix}_{name}', test)


add_violations('protocol_error', PROTOCOL_ERRORS, 1002)
add_violations('bad_utf8', BAD_UTF8, 1007)
add_violations('too_big', TOO_BIG, 1009)


class Conversation(ServedTest):
    """What a well-behaved client may do, each answered with its own echo."""

    configuration = settings(endpoint('/ws', message={'max_size': MAX}))

    def echo(self, client, opcode, payload):
        client.send_frame(opcode, payload)
        self.assertEqual(client.read_message(), (opcode, payload))

    def test_sizes_around_every_length_encoding(self):
        with RawClient(self.server) as client:
            for size in (0, 1, 125, 126, 127, 65535, 65536):
                self.echo(client, TEXT, b'x' * size)
                self.echo(client, BINARY, bytes(range(256)) * (size // 256) + b'\xff' * (size % 256))

    def test_largest_message_in_fragments(self):
        with RawClient(self.server) as client:
            client.send(fragments(*[b'x' * 4096] * 16))
            self.assertEqual(client.read_message(), (TEXT, b'x' * MAX))

    def test_code_point_split_between_fragments(self):
        euro = '€'.encode()
        with RawClient(self.server) as client:
            client.send(fragments(euro[:1], euro[1:2], euro[2:]))
            self.assertEqual(client.read_text(), '€')

    def test_empty_fragments(self):
        with RawClient(self.server) as client:
            client.send(fragments(b'', b'a', b'', b'b', b''))
            self.assertEqual(client.read_text(), 'ab')

    def test_control_frames_between_fragments(self):
        with RawClient(self.server) as client:
            client.send(frame(TEXT, b'a', fin=False) + frame(PING, b'1') + frame(PONG, b'?'))
            self.assertEqual(client.read_frame(), (PONG, b'1'))
            client.send(frame(CONTINUATION, b'b', fin=False) + frame(PING, b'2'))
            self.assertEqual(client.read_frame(), (PONG, b'2'))
            client.send(frame(CONTINUATION, b'c'))
            self.assertEqual(client.read_text(), 'abc')

    def test_close_between_fragments(self):
        with RawClient(self.server) as client:
            client.send(frame(TEXT, b'a', fin=False))
            self.assertEqual(client.close(), 1000)

    def test_ping_of_125_bytes(self):
        with RawClient(self.server) as client:
            client.send_frame(PING, b'p' * 125)
            self.assertEqual(client.read_frame(), (PONG, b'p' * 125))

    def test_unsolicited_pong_is_ignored(self):
        with RawClient(self.server) as client:
            client.send_frame(PONG, b'nobody asked')
            self.echo(client, TEXT, b'still here')

    def test_frames_together_with_the_request_head(self):
        early = frame(TEXT, b'one') + frame(PING, b'p') + frame(TEXT, b'two')
        with RawClient(self.server, early=early) as client:
            frames = sorted(client.read_frame() for _ in range(3))
            self.assertEqual(frames, [(TEXT, b'one'), (TEXT, b'two'), (PONG, b'p')])

    def test_half_a_frame_together_with_the_request_head(self):
        whole = frame(TEXT, b'cut in two')
        with RawClient(self.server, early=whole[:5]) as client:
            client.send(whole[5:])
            self.assertEqual(client.read_text(), 'cut in two')

    def test_one_byte_at_a_time(self):
        data = frame(TEXT, 'grün'.encode(), fin=False) + frame(PING, b'x') \
            + frame(CONTINUATION, b'y' * 130)
        with RawClient(self.server) as client:
            for index in range(len(data)):
                client.send(data[index:index + 1])
            self.assertEqual(client.read_frame(), (PONG, b'x'))
            self.assertEqual(client.read_text(), 'grün' + 'y' * 130)

    def test_a_thousand_messages_at_once_keep_their_order(self):
        with RawClient(self.server) as client:
            client.send(b''.join(frame(TEXT, b'%d' % i) for i in range(1000)))
            self.assertEqual([client.read_text() for _ in range(1000)],
                             [str(i) for i in range(1000)])

    def test_close_codes_are_echoed(self):
        for code in (1000, 1001, 1003, 1007, 1008, 1011, 1014, 3000, 3999, 4000, 4999):
            with RawClient(self.server) as client, self.subTest(code=code):
                self.assertEqual(client.close(code, b'so long'), code)

    def test_close_without_code(self):
        with RawClient(self.server) as client:
            client.send_frame(CLOSE)
            self.assertIn(client.expect_close()[0], (None, 1000))

    def test_close_with_the_longest_reason(self):
        with RawClient(self.server) as client:
            self.assertEqual(client.close(1000, b'r' * 123), 1000)

    def test_messages_before_close_are_delivered_first(self):
        with RawClient(self.server) as client:
            client.send(frame(TEXT, b'last words') + frame(CLOSE, close_payload(1001)))
            self.assertEqual(client.read_text(), 'last words')
            self.assertEqual(client.expect_close()[0], 1001)
