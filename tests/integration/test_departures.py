"""Senders that leave while what they sent still waits for a verdict: it was received, so it is handled as
it would be without waiting, for as long as a close may take."""

import socket
import unittest

from harness import (CLOSE, TEXT, Certificates, RawClient, Sluice, close_payload, endpoint, frame,
                     settings, stage, wait_until)

COUNT = 300


def delayed(messages, burst, **top):
    """`witness` logs how clients end."""
    pipeline = [stage('witness'),
                stage('rate-limit', messages=messages, burst=burst, action='delay',
                      max_delay='1h')]
    return settings(endpoint('/ws', pipeline), **top)


def numbered(padding=0):
    return b''.join(frame(TEXT, b'%d %s' % (number, b'x' * padding)) for number in range(COUNT))


class Departures(unittest.TestCase):
    def leave_and_count(self, server, leave, *, padding=0, code=1006, tls=None):
        """How the sender ends is up to `leave`; the other client gets everything, in order."""
        with RawClient(server, tls=tls) as listener:
            sender = RawClient(server, tls=tls)
            server.wait_for_metric(2, 'sluice_clients')
            sender.send(numbered(padding))
            leave(sender)
            for number in range(COUNT):
                self.assertEqual(listener.read_text().split()[0], str(number))
            server.wait_for_metric(1, 'sluice_clients')
            wait_until(lambda: f'code={code} by_peer=1' in server.log(), 'how it ended is known')

    @staticmethod
    def say_goodbye(sender):
        sender.send(frame(CLOSE, close_payload(1000)))
        sender.socket.close()

    @staticmethod
    def half_close(sender):
        sender.socket.shutdown(socket.SHUT_WR)

    def test_close_frame_and_end(self):
        with Sluice(delayed('1000/s', 10)) as server:
            self.leave_and_count(server, self.say_goodbye, code=1000)

    def test_more_than_one_read_holds(self):
        with Sluice(delayed('1000/s', 10)) as server:
            self.leave_and_count(server, self.say_goodbye, padding=300, code=1000)

    def test_end_without_a_close_frame(self):
        with Sluice(delayed('1000/s', 10)) as server:
            self.leave_and_count(server, self.half_close)

    def test_reset(self):
        with Sluice(delayed('1000/s', 10)) as server:
            def reset(sender):
                # What the server's kernel has not got yet would be lost on the way.
                wait_until(lambda: server.metric('sluice_bytes_total', direction='in') > 0,
                           'the server has begun to read')
                sender.reset()
            self.leave_and_count(server, reset)

    def test_over_tls(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        listen = [{'address': '127.0.0.1:0', 'tls': certificates.tls}]
        with Sluice(delayed('1000/s', 10, listen=listen)) as server:
            self.leave_and_count(server, self.say_goodbye, padding=300, code=1000,
                                 tls=certificates.client_context())

    def test_is_over_when_a_close_would_be(self):
        """One message each ten minutes: nobody waits for the second. Nor for a plugin that never
        answers: it is told that the client is gone."""
        configuration = delayed('6/h', 1)
        configuration['endpoints'].append(endpoint('/mute', [{'plugin': 'later', 'timeout': '60s'}]))
        with Sluice(configuration) as server, RawClient(server) as listener, \
                RawClient(server, '/mute') as watcher:
            for path in ('/ws', '/mute'):
                sender = RawClient(server, path)
                sender.send(numbered() if path == '/ws' else frame(TEXT, b'defer never'))
                self.say_goodbye(sender)
            self.assertEqual(listener.read_text().strip(), '0')
            server.wait_for_metric(2, 'sluice_clients')
            server.wait_for_metric(2, 'sluice_drops_total', reason='sender_gone')
            server.wait_for_metric(0, 'sluice_deferrals')
            watcher.text('get cancelled')
            self.assertEqual(watcher.read_text(), '1 0')


if __name__ == '__main__':
    unittest.main()
