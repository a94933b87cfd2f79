"""Draining: as the server stops, and as `sluice drain` asks for it."""

import json
import signal
import threading
import unittest
import urllib.error
import urllib.request

from harness import RawClient, Refused, Sluice, endpoint, run_sluice, settings, wait_until

LOOPS = (1, 2, 8)


def readiness(server, verbose=False):
    """The status and the text of /readyz."""
    try:
        return 200, server.admin('/readyz?verbose' if verbose else '/readyz')
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def drain(server, *arguments):
    """Runs `sluice drain`: its status and what it says."""
    status, out, error = run_sluice('drain', '--admin', '%s:%d' % server.admin_address, *arguments)
    return status, out + error


def drains(server):
    return {one['endpoint']: one for one in json.loads(server.admin('/api/v1/drain'))['drains']}


def refused(server, path='/ws'):
    """The status with which a new client is refused; 0: it comes in."""
    try:
        RawClient(server, path).socket.close()
        return 0
    except Refused as error:
        return error.status


class Stopping(unittest.TestCase):
    def test_with_a_delay_new_clients_come_in_while_it_is_not_ready(self):
        server = Sluice(settings(shutdown={'delay': '1h', 'grace': '10s'})).start()
        with RawClient(server) as held:
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: readiness(server)[0] == 503, '/readyz fails')
            self.assertEqual(json.loads(readiness(server)[1])['status'], 'draining')
            with RawClient(server) as late:
                late.text('hello')
                self.assertEqual(held.read_message()[1], b'hello')
            server.reload(settings(endpoint('/ws'), endpoint('/more')))
            RawClient(server, '/more').socket.close()
            status, said = drain(server, '--stop')
            self.assertEqual((status, 'stopping' in said), (1, True), said)
            self.assertEqual(readiness(server)[0], 503)
            server.stop()  # The second signal does not wait for anything.
        self.assertNotIn('1012', server.log())

    def test_after_the_delay_clients_are_told_to_reconnect(self):
        server = Sluice(settings(shutdown={'delay': '50ms', 'grace': '10s'})).start()
        with RawClient(server) as client:
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(client.expect_close(), (1012, b'server is shutting down; reconnect'))
        server.stop()
        self.assertIn('shutdown.delay', server.log())

    def test_a_reload_is_refused_once_the_listeners_are_closed(self):
        server = Sluice(settings(shutdown={'grace': '1h'})).start()
        client = RawClient(server)
        server.wait_for_metric(1, 'sluice_clients')
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log('all clients have been told to go')
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log('SIGHUP: not reloaded')
        client.socket.close()
        server.stop()


class Drain(unittest.TestCase):
    def test_everybody_goes_and_comes_back_when_it_is_stopped(self):
        for loops in LOOPS:
            with self.subTest(loops=loops), Sluice(settings(loops=loops)) as server:
                clients = [RawClient(server) for _ in range(20)]
                server.wait_for_metric(20, 'sluice_clients')
                status, said = drain(server, '--over', '0')
                self.assertEqual(status, 0, said)
                codes = {client.expect_close() for client in clients}
                self.assertEqual(codes, {(1012, b'server is draining; reconnect')})
                status, said = drain(server, '--wait')
                self.assertEqual((status, 'drained, 0 clients left' in said), (0, True), said)
                self.assertEqual(readiness(server)[0], 503)
                self.assertEqual(refused(server), 503)
                self.assertEqual(server.metric('sluice_draining'), 1)
                self.assertEqual(server.metric('sluice_drained_clients_total'), 20)
                self.assertEqual(drain(server, '--stop')[0], 0)
                self.assertEqual(readiness(server)[0], 200)
                self.assertEqual(refused(server), 0)

    def test_one_endpoint_leaves_the_others_and_readiness_alone(self):
        with Sluice(settings(endpoint('/a'), endpoint('/b'))) as server:
            with RawClient(server, '/a') as drained, RawClient(server, '/b') as other:
                server.wait_for_metric(2, 'sluice_clients')
                self.assertEqual(drain(server, '--endpoint', '/a', '--over', '0')[0], 0)
                self.assertEqual(drained.expect_close()[0], 1012)
                other.text('here')
                self.assertEqual(other.read_message()[1], b'here')
                self.assertEqual((refused(server, '/a'), refused(server, '/b')), (503, 0))
                self.assertEqual(readiness(server)[0], 200)
                self.assertEqual(list(drains(server)), ['/a'])

    def test_twice_changes_the_pace(self):
        with Sluice(settings()) as server, RawClient(server) as client:
            server.wait_for_metric(1, 'sluice_clients')
            self.assertEqual(drain(server, '--over', '1h')[0], 0)
            self.assertEqual(drains(server)[None]['state'], 'closing')
            self.assertEqual(refused(server), 503)
            client.text('still here')
            self.assertEqual(client.read_message()[1], b'still here')
            self.assertEqual(drain(server, '--over', '0')[0], 0)
            self.assertEqual(client.expect_close()[0], 1012)

    def test_a_stop_signal_does_not_wait_for_it(self):
        server = Sluice(settings(shutdown={'grace': '10s'})).start()
        with RawClient(server) as client:
            server.wait_for_metric(1, 'sluice_clients')
            self.assertEqual(drain(server, '--over', '1h')[0], 0)
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(client.expect_close(), (1012, b'server is shutting down; reconnect'))
        server.stop()

    def test_a_reload_goes_on_while_it_is_under_way(self):
        with Sluice(settings(endpoint('/ws'))) as server, RawClient(server) as client:
            server.wait_for_metric(1, 'sluice_clients')
            self.assertEqual(drain(server, '--over', '1h')[0], 0)
            server.reload(settings(endpoint('/ws'), endpoint('/more')))
            self.assertEqual((refused(server, '/more'), readiness(server)[0]), (503, 503))
            server.reload(settings(endpoint('/more')))
            self.assertEqual(client.expect_close()[0], 1001)
            self.assertEqual(drain(server, '--stop')[0], 0)
            self.assertEqual(refused(server, '/more'), 0)

    def test_clients_that_never_answer_are_cut_off(self):
        with Sluice(settings()) as server:
            silent = [RawClient(server) for _ in range(5)]
            server.wait_for_metric(5, 'sluice_clients')
            status, said = drain(server, '--over', '0', '--wait')
            self.assertEqual((status, 'drained, 0 clients left, 5 closed' in said), (0, True), said)
            for client in silent:
                client.socket.close()

    def test_orders_that_come_and_go_while_clients_do(self):
        for loops in LOOPS:
            with self.subTest(loops=loops), Sluice(settings(endpoint('/ws'), endpoint('/b'), loops=loops)) as server:
                ended = threading.Event()

                def come_and_go():
                    while not ended.is_set():
                        refused(server)

                threads = [threading.Thread(target=come_and_go) for _ in range(2)]
                for thread in threads:
                    thread.start()
                try:
                    for turn in range(30):
                        body = {'over': '0' if turn % 3 else '1h'}
                        if turn % 2:
                            body['endpoint'] = '/ws'
                        self.post(server, 'drain', body)
                        if turn % 5 == 4:
                            self.post(server, 'drain/stop', {})
                    self.post(server, 'drain/stop', {})
                finally:
                    ended.set()
                    for thread in threads:
                        thread.join()
                self.assertEqual(drains(server), {})
                self.assertEqual(refused(server), 0)

    def post(self, server, path, body):
        request = urllib.request.Request(f'{server.admin_urls[0]}/api/v1/{path}', json.dumps(body).encode(),
                                         {'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


class Age(unittest.TestCase):
    def test_clients_of_that_age_are_closed_and_may_come_back(self):
        with Sluice(settings(endpoint('/ws', clients={'max_age': '1s'}), endpoint('/b'))) as server:
            with RawClient(server, '/b') as other:
                for _ in range(2):
                    with RawClient(server) as client:
                        self.assertEqual(client.expect_close(), (1001, b'maximum age reached; reconnect'))
                other.text('here')
                self.assertEqual(other.read_message()[1], b'here')


class Readiness(unittest.TestCase):
    def test_a_server_at_its_limit_is_not_ready(self):
        with Sluice(settings(limits={'clients': 1})) as server:
            self.assertEqual(readiness(server)[0], 200)
            with RawClient(server):
                status, text = readiness(server)
                self.assertEqual((status, json.loads(text)['status']), (503, 'full'))
                status, text = readiness(server, verbose=True)
                self.assertEqual(status, 503)
                self.assertIn('failed clients: 1 of 1\n', text)
                self.assertIn('failed readyz: full\n', text)
            wait_until(lambda: readiness(server)[0] == 200, 'there is a place again')

    def test_verbose_has_each_check_on_a_line(self):
        with Sluice(settings(limits={'clients': 7})) as server:
            status, text = readiness(server, verbose=True)
            self.assertEqual(status, 200)
            self.assertEqual(text.splitlines(), ['ok     draining: no', 'ok     threads', 'ok     clients: 0 of 7',
                                                 'ok     plugins', 'ok     readyz: ready'])


if __name__ == '__main__':
    unittest.main()
