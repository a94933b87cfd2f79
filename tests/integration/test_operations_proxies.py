"""The proxies of docs/operations.md: its blocks for nginx and HAProxy, in the real programs, in front of two servers."""

import contextlib
import json
import os
import subprocess
import unittest

from harness import Certificates, RawClient, for_module, patience, upgrade_request, wait_until
from harness.operations import PageHAProxy, PageNginx, two_instances
from harness.proxied import STRANGER

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


class Behind:
    """What each of the proxies has to do."""

    tls = None

    def proxy(self, instances):
        raise NotImplementedError

    @contextlib.contextmanager
    def served(self, first=(), second=()):
        with contextlib.ExitStack() as held:
            instances = [held.enter_context(one) for one in two_instances(first, second, tls=self.tls)]
            proxy = held.enter_context(self.proxy(instances))
            yield instances, proxy

    def connect(self, proxy, **more):
        return RawClient(None, address=proxy.address, tls=certificates.client_context(), **more)

    def test_the_program_finds_nothing_wrong_with_it(self):
        proxy = self.proxy(two_instances(tls=self.tls))
        done = subprocess.run(proxy.check_command(), capture_output=True, timeout=patience(30), text=True,
                              env={**os.environ, **proxy.environment}, pass_fds=[proxy.listener.fileno()])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn('[warn]', done.stderr)
        self.assertNotIn('[emerg]', done.stderr)

    def refused(self, proxy, target='/ws'):
        """The head of the answer to an upgrade that is refused: status and fields."""
        with self.connect(proxy, upgrade=False) as client:
            client.send(upgrade_request(target))
            return client.read_response_head()

    @staticmethod
    def refusals(instances):
        return sum(one.metric('sluice_http_responses_total', status='4xx') for one in instances)

    def test_messages_and_addresses_pass_and_an_instance_may_go(self):
        with self.served() as (instances, proxy):
            with self.connect(proxy, source=STRANGER, headers=[('X-Forwarded-For', '10.6.6.6')]) as client:
                client.text('through')
                self.assertEqual(client.read_text(), 'through')
                found = [one['address'] for server in instances
                         for one in json.loads(server.admin('/api/v1/clients'))['clients']]
                self.assertEqual(found, [STRANGER])
                self.assertEqual(client.close(), 1000)
            self.assertEqual(self.refused(proxy, '/ws/elsewhere')[0], 404)
            # An answer is counted when it has been sent.
            wait_until(lambda: self.refusals(instances) >= 1, 'the refusal is counted')
            self.assertEqual(self.refusals(instances), 1, 'what is no 503 is not asked twice')
            instances[0].stop()
            for _ in range(6):
                with self.connect(proxy) as client:
                    self.assertEqual(client.close(), 1000)


class BehindOneThatEndsTls(Behind):
    def test_what_one_refuses_with_503_the_other_serves_until_both_refuse(self):
        full = ['--set', 'limits.clients=1'], ['--set', 'limits.clients=4']
        with self.served(*full) as (instances, proxy), contextlib.ExitStack() as held:
            for _ in range(5):
                held.enter_context(self.connect(proxy))
            for _ in range(4):
                status, fields = self.refused(proxy)
                self.assertEqual(status, 503)
                self.assertIn('retry-after', dict(fields), 'the answer is of Sluice, not of the proxy')
            self.assertEqual([one.metric('sluice_clients') for one in instances], [1, 4])


class Nginx(BehindOneThatEndsTls, unittest.TestCase):
    def proxy(self, instances):
        return PageNginx(instances, certificates)


class HAProxy(BehindOneThatEndsTls, unittest.TestCase):
    def proxy(self, instances):
        return PageHAProxy(instances, certificates)


class HAProxyThatPassesTlsOn(Behind, unittest.TestCase):
    @property
    def tls(self):
        return certificates.tls

    def proxy(self, instances):
        return PageHAProxy(instances, certificates, block=1)
