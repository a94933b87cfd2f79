"""How the server writes to its clients: by single calls or in submissions (io_uring), and where that is refused."""

import errno
import json
import os
import signal
import threading
import unittest

from harness import (BUILD, TEXT, Certificates, Ended, RawClient, Sluice, endpoint, frame, io_uring_refusal,
                     need_io_uring, run_sluice, sanitized, settings, stage, temporary_folder, wait_until)

LIBRARY = os.path.join(BUILD, 'tests', 'refused_calls.so')
WORTH = 64  # writes from which on `auto` makes a submission
CALLS = 'io_uring_setup io_uring_enter io_uring_register'
REFUSED_LINE = 'epoll; no io_uring: the kernel refuses it'
FAILED_LINE = 'io_uring has failed; from here on each write is a call'
IDLE = {'heartbeat': {'interval': '1h', 'timeout': '1h'}}


def refused(calls=CALLS, error=errno.EPERM, **more):
    return {'LD_PRELOAD': LIBRARY, 'REFUSED_CALLS': calls, 'REFUSED_ERROR': str(error), **more}


def check(environment=None, **top):
    """What `sluice check` says: status, standard output, standard error."""
    with temporary_folder() as folder:
        file = os.path.join(folder, 'sluice.yaml')
        with open(file, 'w') as out:
            json.dump(settings(**top), out)
        return run_sluice('check', '-c', file, environment=environment)


def calls(server, call):
    return server.metric('sluice_io_calls_total', call=call)


def loops(server):
    return tuple(server.metric('sluice_io_loops', io=io) for io in ('io_uring', 'epoll'))


class IoTest(unittest.TestCase):
    def start(self, *endpoints, environment=None, **top):
        top = {'loops': 1, **top}
        server = Sluice(settings(*(endpoints or [endpoint('/ws', **IDLE)]), **top), environment=environment).start()
        self.addCleanup(server.stop)
        return server

    def clients(self, server, count, **how):
        clients = [RawClient(server, **how) for _ in range(count)]
        self.addCleanup(lambda: [client.socket.close() for client in clients])
        return clients

    def broadcast(self, clients, *texts):
        """Sends each of the texts when everybody has got the one before."""
        for text in texts:
            clients[0].text(text)
            for client in clients:
                self.assertEqual(client.read_text(), text)


class Ways(IoTest):
    def test_epoll_makes_no_submission(self):
        server = self.start(io='epoll')
        self.broadcast(self.clients(server, WORTH), 'one', 'two')
        self.assertEqual(loops(server), (0, 1))
        self.assertEqual(calls(server, 'submit'), 0)
        self.assertEqual(server.metric('sluice_submission_bytes'), 0)
        self.assertIn('"io: epoll"', server.log())

    def test_auto_makes_one_for_many_clients_and_none_for_few(self):
        need_io_uring(self)
        server = self.start(io='auto')
        clients = self.clients(server, WORTH - 1)
        self.broadcast(clients, 'one', 'two')
        self.assertEqual((loops(server), calls(server, 'submit')), ((1, 0), 0))
        writes = calls(server, 'write')
        clients += self.clients(server, 1)
        self.broadcast(clients, 'three', 'four')
        self.assertEqual(calls(server, 'submit'), 2)
        self.assertEqual(server.metric('sluice_submitted_writes_total'), 2 * WORTH)
        self.assertEqual(calls(server, 'write'), writes + 1)  # the newcomer's answer
        self.assertIn('"io: io_uring"', server.log())

    def test_io_uring_makes_one_for_two_clients_and_none_for_one(self):
        need_io_uring(self)
        server = self.start(io='io_uring')
        clients = self.clients(server, 1)
        self.broadcast(clients, 'one', 'two')
        self.assertEqual(calls(server, 'submit'), 0)
        clients += self.clients(server, 1)
        self.broadcast(clients, 'three', 'four')
        self.assertEqual(calls(server, 'submit'), 2)

    def test_its_memory_is_a_metric(self):
        need_io_uring(self)
        server = self.start(io='io_uring', loops=2)
        self.assertEqual(loops(server), (2, 0))
        self.assertLess(server.metric('sluice_submission_bytes') / 2, 500 * 1024)
        self.assertGreater(server.metric('sluice_submission_bytes') / 2, 10 * 1024)

    def test_a_reload_that_changes_it_warns(self):
        server = self.start(io='epoll')
        server.reload(settings(endpoint('/ws', **IDLE), loops=1, io='auto'))
        wait_until(lambda: 'io has changed, which takes effect when the server is restarted' in server.log(),
                   'the log warns')
        self.assertEqual(loops(server), (0, 1))

    def test_check_says_which(self):
        need_io_uring(self)
        self.assertIn('  io     io_uring\n', check()[1])
        self.assertIn('  io     epoll\n', check(io='epoll')[1])


class Submitted(IoTest):
    def setUp(self):
        need_io_uring(self)

    def test_clients_that_leave_or_stop_reading_cost_the_others_nothing(self):
        server = self.start(io='io_uring')
        slow = self.clients(server, 5, receive_buffer=4096)
        clients = self.clients(server, 20)
        text = 'x' * 50000
        for round_ in range(40):
            clients[0].text(f'{round_} {text}')
            for client in clients:
                self.assertTrue(client.read_text().startswith(f'{round_} '))
            if round_ % 4 == 1:
                clients.pop().reset()
            if round_ == 20:
                slow.pop().reset()
        for client in slow:  # What they have missed for so long is there, up to the limit, whole and in order.
            numbers = []
            try:
                while len(numbers) < 40:
                    numbers.append(int(client.read_text().split()[0]))
            except Ended:
                pass
            self.assertEqual(numbers, list(range(len(numbers))))
            self.assertGreater(len(numbers), 1)

    def test_tls_clients_are_written_to_together_too(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        server = self.start(io='io_uring', listen=[{'address': '127.0.0.1:0', 'tls': certificates.tls}])
        clients = self.clients(server, 10, tls=certificates.client_context())
        self.broadcast(clients, *(f'{number}' * 1000 for number in range(30)))
        self.assertEqual(server.metric('sluice_submitted_writes_total'), 300)
        self.broadcast(clients, 'x' * 10000)
        self.assertEqual(server.metric('sluice_submitted_writes_total'), 300)

    def test_tls_clients_that_read_slowly_get_all_of_it_in_order(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        server = self.start(endpoint('/ws', queue={'bytes': '64MiB'}, **IDLE), io='io_uring',
                            listen=[{'address': '127.0.0.1:0', 'tls': certificates.tls}])
        slow = self.clients(server, 4, tls=certificates.client_context(), receive_buffer=4096)
        sender, = self.clients(server, 1, tls=certificates.client_context())
        sent = 0
        while sent < 4000 and (sent % 50 or not server.metric('sluice_queued_bytes')):
            sender.text(f'{sent} ' + 'x' * 4000)  # one record, alone in its iteration
            self.assertTrue(sender.read_text().startswith(f'{sent} '))
            sent += 1
        self.assertGreater(server.metric('sluice_queued_bytes'), 0)
        for client in slow:
            self.assertEqual([int(client.read_text().split()[0]) for _ in range(sent)], list(range(sent)))
        server.wait_for_metric(0, 'sluice_queued_bytes')

    def test_many_senders_on_all_loops_are_heard_once_by_everybody(self):
        server = self.start(io='io_uring', loops=4)
        clients = self.clients(server, 40)
        for number, client in enumerate(clients):
            client.send(b''.join(frame(TEXT, f'{number}:{index}'.encode()) for index in range(50)))
        heard = [[] for _ in clients]

        def listen(client, into):
            while len(into) < 50 * len(clients):
                into.append(client.read_text())

        threads = [threading.Thread(target=listen, args=pair) for pair in zip(clients, heard)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for texts in heard:
            self.assertEqual(len(set(texts)), 50 * len(clients))
            for number in range(len(clients)):
                own = [int(text.split(':')[1]) for text in texts if text.startswith(f'{number}:')]
                self.assertEqual(own, list(range(50)))


@unittest.skipIf(sanitized(), 'sanitizers want to be loaded first')
class Refused(IoTest):
    """A filter of system calls, as containers have one, refuses io_uring."""

    def test_auto_goes_on_with_epoll_and_says_why(self):
        for names in CALLS.split():
            for error in errno.EPERM, errno.ENOSYS:
                with self.subTest(names, error=error):
                    server = self.start(environment=refused(names, error), io='auto')
                    self.broadcast(self.clients(server, WORTH), 'one', 'two')
                    self.assertEqual((loops(server), calls(server, 'submit')), ((0, 1), 0))
                    self.assertIn('io: epoll; no io_uring: ', server.log())
                    self.assertNotIn('"level":"warn"', server.log())

    def test_io_uring_by_its_name_warns_and_serves(self):
        if 'liburing' in io_uring_refusal():
            self.skipTest(io_uring_refusal())
        server = self.start(environment=refused(), io='io_uring')
        self.broadcast(self.clients(server, 5), 'one', 'two')
        self.assertEqual(loops(server), (0, 1))
        self.assertIn('io: io_uring is not available here: the kernel refuses it', server.log())

    def test_check_says_so(self):
        if 'liburing' in io_uring_refusal():
            self.skipTest(io_uring_refusal())
        status, said, error = check(refused(), io='auto')
        self.assertEqual((status, 'warning' in error), (0, False), error)
        self.assertIn(REFUSED_LINE, said)
        status, said, error = check(refused(), io='io_uring')
        self.assertEqual(status, 0, error)
        self.assertIn(REFUSED_LINE, said)
        self.assertRegex(error, r'sluice.yaml:\d+:\d+: io: io_uring is not available here: .* \(a warning\)')

    def test_epoll_does_not_even_ask(self):
        self.assertIn('  io     epoll\n', check(refused(), io='epoll')[1])

    def test_refused_while_it_is_used_nothing_is_lost_and_nothing_comes_twice(self):
        need_io_uring(self)
        server = self.start(environment=refused(REFUSED_LATER='1'), io='io_uring', loops=2)
        clients = self.clients(server, 30)
        self.broadcast(clients, 'one', 'two')
        self.assertGreater(calls(server, 'submit'), 0)
        clients[1].send(b''.join(frame(TEXT, f'{number}'.encode()) for number in range(1000)))
        os.kill(server.pid, signal.SIGUSR2)
        for client in clients:
            self.assertEqual([client.read_text() for _ in range(1000)], [f'{n}' for n in range(1000)])
        wait_until(lambda: 'refused_calls: on' in server.log(), 'the filter is there')
        self.broadcast(clients, *(f'later {number}' for number in range(20)))
        wait_until(lambda: loops(server) == (0, 2), 'both loops go on without')
        wait_until(lambda: server.log().count(FAILED_LINE) == 2, 'the log has one line for each loop')
        self.assertEqual(server.metric('sluice_clients', endpoint='/ws'), 30)


if __name__ == '__main__':
    unittest.main()
