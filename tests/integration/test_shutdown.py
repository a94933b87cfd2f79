"""How a server ends."""

import signal
import socket
import unittest

from harness import RawClient, Sluice, settings, wait_until


class Shutdown(unittest.TestCase):
    def drain(self, how):
        server = Sluice().start()
        clients = [RawClient(server) for _ in range(50)]
        server.wait_for_metric(50, 'sluice_clients')
        server.process.send_signal(how)
        codes = {client.expect_close()[0] for client in clients}
        server.stop()
        self.assertEqual(codes, {1012})

    def test_sigterm_tells_clients_to_come_back(self):
        self.drain(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.drain(signal.SIGINT)

    def test_clients_that_do_not_answer_are_cut_off_after_the_grace(self):
        server = Sluice(settings(shutdown={'grace': '500ms'})).start()
        clients = [RawClient(server) for _ in range(10)]
        server.wait_for_metric(10, 'sluice_clients')
        server.stop()
        for client in clients:
            client.socket.close()

    def test_nobody_comes_in_any_more(self):
        server = Sluice(settings(shutdown={'grace': '5s'})).start()
        with RawClient(server) as held:
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)

            def is_closed():
                try:
                    RawClient(server).socket.close()
                    return False
                except Exception:
                    return True
            wait_until(is_closed, 'new clients are refused')
            self.assertEqual(held.expect_close()[0], 1012)
        server.stop()

    def test_an_open_upgrade_does_not_hold_it_up(self):
        server = Sluice(settings(shutdown={'grace': '1s'},
                                 front={'request_timeout': '2s'})).start()
        with socket.create_connection(('127.0.0.1', server.port)) as sock:
            sock.sendall(b'GET /ws HTTP/1.1\r\n')
            server.stop()

    def test_second_signal_changes_nothing(self):
        server = Sluice(settings(shutdown={'grace': '1s'})).start()
        with RawClient(server):
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)
            server.stop(signal.SIGTERM)
