"""The heartbeat ends those that are gone, and nobody else: not who reads slowly, not who answered
while the server stood still, not whom a reload has freed of it."""

import os
import signal
import time
import unittest

from harness import (PING, PONG, TEXT, Certificates, Ended, RawClient, Sluice, allow_files,
                     endpoint, patience, settings, wait_until)

MIB = 1 << 20


def milliseconds(seconds):
    return f'{round(seconds * 1000)}ms'


def beat(interval, timeout):
    """Of a heartbeat that is quick, as quick as the machine is."""
    return {'interval': milliseconds(patience(interval)), 'timeout': milliseconds(patience(timeout))}


class SlowReader(unittest.TestCase):
    """A large delivery that takes longer than the heartbeat's timeout."""

    INTERVAL, TIMEOUT = 0.1, 0.5
    RATE = 2 * MIB  # bytes a second that the reader takes
    DELIVERY = 15 * MIB

    def setUp(self):
        self.certificates = Certificates()
        self.addCleanup(self.certificates.cleanup)

    def configuration(self, **heartbeat):
        tls = self.certificates.tls
        quiet = {'queue': {'bytes': '32MiB'}, 'message': {'max_size': '16MiB'}}
        return settings(endpoint('/ws', heartbeat=heartbeat, echo=False, **quiet),
                        listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': tls}])

    def connect(self, server, tls):
        if not tls:
            return RawClient(server, receive_buffer=1 << 17)
        return RawClient(server, receive_buffer=1 << 17, tls=self.certificates.client_context(),
                         address=('127.0.0.1', int(server.urls[1].rsplit(':', 1)[1])))

    def deliver(self, server):
        """Queues more for the reader than the kernel takes; the heartbeat begins after that."""
        with RawClient(server) as sender:
            sender.binary(b'd' * self.DELIVERY)
            sender.close()
        wait_until(lambda: server.metric('sluice_queued_bytes') > MIB, 'the reader is behind')
        server.reload(self.configuration(**beat(self.INTERVAL, self.TIMEOUT)))

    def take_slowly(self, server, reader):
        """Reads over more than twice the timeout; returns for how long it took something."""
        begin = time.monotonic()
        taken = 0
        while time.monotonic() - begin < patience(3 * self.TIMEOUT):
            wait_until(lambda: taken < (time.monotonic() - begin) * self.RATE / patience(1),
                       'it is time for more')
            taken += len(reader.socket.recv(1 << 14))
        self.assertEqual(server.metric('sluice_closes_total', code='1006'), 0)
        self.assertLess(taken, self.DELIVERY / 2)
        return taken

    def read_slowly_then_all(self, tls):
        with Sluice(self.configuration(interval='0')) as server, \
                self.connect(server, tls) as reader:
            self.deliver(server)
            taken = self.take_slowly(server, reader)
            server.wait_for_metric(1, 'sluice_pings_total')
            while taken < 10 + self.DELIVERY + 2:  # a header, and the ping behind it all
                taken += len(reader.socket.recv(1 << 16))
            reader.send_frame(PONG)
            reader.text('still here')
            wait_until(lambda: server.metric('sluice_messages_total', direction='in') == 2,
                       'what the reader says is heard')

    def test_stays_while_it_reads(self):
        self.read_slowly_then_all(tls=False)

    def test_stays_while_it_reads_over_tls(self):
        self.read_slowly_then_all(tls=True)

    def test_ends_once_it_reads_no_more(self):
        with Sluice(self.configuration(interval='0')) as server, \
                self.connect(server, False) as reader:
            self.deliver(server)
            self.take_slowly(server, reader)
            server.wait_for_metric(1, 'sluice_closes_total', code='1006')
            server.wait_for_metric(0, 'sluice_queued_bytes')

    def test_who_reads_and_never_answers_ends_too(self):
        """The ping has arrived, and whatever else is acknowledged is no answer."""
        heartbeat = beat(self.INTERVAL, self.TIMEOUT)
        with Sluice(self.configuration(**heartbeat)) as server, RawClient(server) as mute, \
                RawClient(server) as sender:
            mute.socket.settimeout(patience(10))
            with self.assertRaises(Ended):
                while True:
                    sender.text('more')
                    opcode, _ = mute.read_frame()
                    self.assertIn(opcode, (PING, TEXT))
            server.wait_for_metric(1, 'sluice_closes_total', code='1006')


class Pause(unittest.TestCase):
    CLIENTS = 1200  # more than twice what a loop takes from the kernel at a time
    INTERVAL, TIMEOUT = 0.2, 2

    def settings(self, **heartbeat):
        most = self.CLIENTS + 10
        return settings(endpoint('/ws', heartbeat=heartbeat, clients={'per_address': most}),
                        loops=1, limits={'clients_per_address': most})

    def setUp(self):
        allow_files(4 * self.CLIENTS)

    def test_who_answered_while_the_server_stood_still_stays(self):
        with Sluice(self.settings(interval='0', timeout='1s')) as server:
            clients = [RawClient(server) for _ in range(self.CLIENTS)]
            server.reload(self.settings(**beat(self.INTERVAL, self.TIMEOUT)))
            server.wait_for_metric(self.CLIENTS, 'sluice_pings_total')
            server.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, server.pid, os.WSTOPPED | os.WNOWAIT)
            stopped = time.monotonic()
            for client in clients:
                self.assertEqual(client.read_frame()[0], PING)
                client.send_frame(PONG)
            wait_until(lambda: time.monotonic() - stopped > patience(self.TIMEOUT),
                       'the time of all of them is over')
            server.process.send_signal(signal.SIGCONT)
            clients[0].text('x')
            while clients[-1].read_frame()[0] != TEXT:
                pass
            self.assertEqual(server.metric('sluice_closes_total'), 0)
            server.wait_for_metric(self.CLIENTS, 'sluice_clients')
            for client in clients:
                client.reset()


class Reload(unittest.TestCase):
    """What changes for clients that are there."""

    def settings(self, **heartbeat):
        return settings(endpoint('/ws', heartbeat=heartbeat, echo=True),
                        endpoint('/clock', heartbeat=beat(0.1, 0.3)), loops=1)

    def count_pings(self, server, count):
        """The other endpoint's heartbeat measures the time."""
        with RawClient(server, '/clock') as client:
            while count > 0:
                opcode, payload = client.read_frame()
                self.assertEqual(opcode, PING)
                client.send_frame(PONG, payload)
                count -= 1

    def test_turned_off_nobody_is_pinged_or_ended(self):
        with Sluice(self.settings(**beat(0.1, 0.1))) as server, RawClient(server) as client:
            opcode, payload = client.read_frame()
            self.assertEqual(opcode, PING)  # and not answered
            server.reload(self.settings(interval='0', timeout='10ms'))
            self.count_pings(server, 3)
            client.text('still here')
            self.assertEqual(client.read_frame(), (TEXT, b'still here'))

    def test_turned_on_everybody_is_pinged(self):
        with Sluice(self.settings(interval='0', timeout='1s')) as server:
            with RawClient(server) as client:
                server.reload(self.settings(**beat(0.1, 0.2)))
                self.assertEqual(client.read_frame()[0], PING)
                with self.assertRaises(Ended):  # and who does not answer is gone
                    while True:
                        client.read_frame()

    def test_a_shorter_interval_does_not_wait_for_the_end_of_the_longer_one(self):
        with Sluice(self.settings(interval='1h', timeout='1s')) as server:
            with RawClient(server) as client:
                server.reload(self.settings(**beat(0.1, 5)))
                self.assertEqual(client.read_frame()[0], PING)
