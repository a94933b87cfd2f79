"""docs/metrics.md lists each metric of the server, with its type and labels' values, and no other; names and samples follow
Prometheus' conventions."""

import os
import re
import subprocess
import unittest

from harness import ROOT, Authority, RawClient, Sluice, endpoint, settings, temporary_folder, wait_until
from harness.prometheus import program

PAGE = os.path.join(ROOT, 'docs', 'metrics.md')
ROW = re.compile(r'^\| (`(?:sluice|process)_[^|]*) \| (counter|gauge|histogram) \| (\d+)([^|]*) \| .* \|$', re.MULTILINE)
DESCRIBED = re.compile(r'^# TYPE (\w+) (\w+)$', re.MULTILINE)
VALUES = re.compile(r'^(\w+){(?:reason|use|call|direction|thread|result|outcome|mode)="([^"]+)"}', re.MULTILINE)
NOT_BASE_UNITS = re.compile(r'_(?:ms|milliseconds|microseconds|nanoseconds|us|ns|minutes|hours|days|kb|kib|kilobytes|mb|mib|'
                            r'megabytes|bits|percent)(?:_|$)')


def page():
    with open(PAGE) as file:
        return file.read()


def served():
    """The metrics of a server with everything that adds some: two uses of a plugin, two endpoints, a recording, a file."""
    pipeline = [{'plugin': 'rate-limit', 'options': {'messages': '50/s'}},
                {'plugin': 'rate-limit', 'mode': 'shadow', 'options': {'messages': '20/s'}}]
    with temporary_folder() as folder:
        configuration = settings(endpoint(pipeline=pipeline), endpoint('/other', pipeline=pipeline[:1]),
                                 storage={'path': os.path.join(folder, 'storage.db')})
        with Sluice(configuration, arguments=['--record', os.path.join(folder, 'r')]) as server:
            return server.admin('/metrics')


class MetricsPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = served()

    def test_lists_what_a_server_that_records_answers(self):
        documented = {name: kind for names, kind, *_ in ROW.findall(page())
                      for name in re.findall(r'`((?:sluice|process)_\w+)', names)}
        described = {name: kind for name, kind in DESCRIBED.findall(self.text) if '_rate_limit_' not in name}
        self.assertEqual(documented, described)
        for name, value in VALUES.findall(self.text):
            self.assertIn(f'`{value}`', page(), name)

    def test_each_has_as_many_series_as_the_page_says(self):
        there = {'': 1, ' an endpoint': 2, ' a stage': 3, ' a listener': 1,
                 ' a loop': len(set(re.findall(r'loop="(\d+)"', self.text)))}
        lines = [line.partition(' ')[0].partition('{')[0] for line in self.text.splitlines()]
        for name, kind, count, per in ROW.findall(page()):
            name = re.match(r'`(\w+)', name).group(1)
            found = sum(lines.count(name + suffix) for suffix in ('', '_bucket', '_sum', '_count'))
            most = int(count) * there[per]
            if name.startswith(('sluice_plugin_http_', 'sluice_plugin_offload_', 'sluice_plugin_watche', 'sluice_storage_')) or name in (
                    'sluice_closes_total', 'sluice_plugin_shadow_refused_clients_total',
                    'sluice_certificate_not_after_timestamp_seconds'):
                self.assertLessEqual(found, most, name)
            else:
                self.assertEqual(found, most, name)

    def test_names_end_as_their_type_and_unit_ask(self):
        for name, kind in DESCRIBED.findall(self.text):
            self.assertEqual(name.endswith('_total'), kind == 'counter', name)
            self.assertNotRegex(name, NOT_BASE_UNITS)
            self.assertNotRegex(name, r'_(?:count|sum|bucket)$')
            if kind == 'histogram':
                self.assertRegex(name, r'_(?:seconds|bytes)$')

    def test_each_family_is_described_once_and_each_series_stands_below_its_family_once(self):
        series, families, family = set(), set(), None
        for line in self.text.splitlines():
            if line.startswith('# HELP '):
                family = line.split()[2]
                self.assertNotIn(family, families)
                families.add(family)
            elif not line.startswith('# TYPE '):
                key = line.rpartition(' ')[0]
                self.assertNotIn(key, series)
                series.add(key)
                self.assertRegex(key, rf'^{family}(?:_bucket|_sum|_count)?(?:{{|$)')
        self.assertEqual(len(DESCRIBED.findall(self.text)), len(families))

    def test_promtool_finds_nothing_to_say(self):
        ended = subprocess.run([program('promtool'), 'check', 'metrics'], input=self.text, text=True, capture_output=True, timeout=60)
        self.assertEqual((ended.returncode, ended.stderr), (0, ''), ended.stdout)


class Messages(unittest.TestCase):
    def test_a_slow_clients_queue_is_seen_and_how_long_it_waited(self):
        slow, fast = endpoint(queue={'bytes': '64MiB'}, heartbeat={'interval': '1h', 'timeout': '1h'}), endpoint('/other')
        with Sluice(settings(slow, fast)) as server, RawClient(server, receive_buffer=4096) as stuck, \
                RawClient(server, '/other') as other, RawClient(server) as sender:
            other.text('quick')
            self.assertEqual(other.read_text(), 'quick')
            server.wait_for_metric(1, 'sluice_delivery_latency_seconds_count')
            server.wait_for_metric(1, 'sluice_messages_total', endpoint='/other', direction='out')
            sent = 0
            while server.metric('sluice_queueing_clients', endpoint='/ws', at_least='1048576') == 0:
                self.assertLess(sent, 1000, 'nothing is ever queued')
                for _ in range(5):
                    sender.text('x' * 60000)
                    self.assertEqual(len(sender.read_text()), 60000)
                    sent += 1
            self.assertEqual(server.metric('sluice_queueing_clients', endpoint='/ws', at_least='1'), 1)
            self.assertEqual(server.metric('sluice_queueing_clients', endpoint='/other'), 0)
            self.assertGreater(server.metric('sluice_bytes_total', endpoint='/ws', direction='out'), sent * 60000)
            self.assertLess(server.metric('sluice_bytes_total', endpoint='/other', direction='out'), 1000)
            for _ in range(sent):
                self.assertEqual(len(stuck.read_text()), 60000)
            server.wait_for_metric(0, 'sluice_queueing_clients')
            # One for each write that took all, and one for what the stuck client got in the end.
            wait_until(lambda: 3 <= server.metric('sluice_delivery_latency_seconds_count') <= 2 * sent + 1, 'all is counted')
            self.assertEqual(server.metric('sluice_messages_total', endpoint='/ws', direction='out'), 2 * sent)


class Shadow(unittest.TestCase):
    def test_counts_the_clients_that_it_would_have_refused_once(self):
        stage = {'plugin': 'rate-limit', 'mode': 'shadow', 'options': {'messages': '1/m', 'burst': 2}}
        name = 'sluice_plugin_shadow_refused_clients_total'
        with Sluice(settings(endpoint(pipeline=[stage]))) as server:
            with RawClient(server) as busy, RawClient(server) as calm:
                for _ in range(10):
                    busy.text('x')
                    self.assertEqual((busy.read_text(), calm.read_text()), ('x', 'x'))
                calm.text('y')
                self.assertEqual((busy.read_text(), calm.read_text()), ('y', 'y'))
                self.assertEqual(server.metric(name, mode='shadow', instance='rate-limit#1'), 1)
                refused = sum(server.metric('sluice_plugin_verdicts_total', mode='shadow', verdict=verdict)
                              for verdict in ('drop', 'close'))
                self.assertEqual(refused, 8)


class Certificate(unittest.TestCase):
    def test_says_when_the_certificate_of_each_tls_listener_ends_also_after_a_reload(self):
        name = 'sluice_certificate_not_after_timestamp_seconds'
        authority = Authority()
        self.addCleanup(authority.cleanup)
        ends = {which: authority.issue(which, seconds).timestamp() for which, seconds in (('near', 3600), ('far', 86400))}

        def listening_with(which):
            tls = {'certificate': authority.path(f'{which}.crt'), 'key': authority.path(f'{which}.key')}
            return settings(endpoint(), listen=[{'address': '127.0.0.1:0', 'tls': tls}, {'address': '127.0.0.1:0'}])

        with Sluice(listening_with('near')) as server:
            self.assertEqual(server.metric(name), ends['near'])  # the sum over all: the plain listener has none
            self.assertEqual(server.metric(name, listener=server.url.removesuffix('/ws')), ends['near'])
            self.assertEqual(server.metric('sluice_last_reload_timestamp_seconds'), 0)
            before = server.metric('sluice_configuration_timestamp_seconds')
            server.reload(listening_with('far'))
            server.wait_for_metric(ends['far'], name)
            server.wait_for_metric(1, 'sluice_reloads_total', result='done')
            self.assertGreater(server.metric('sluice_configuration_timestamp_seconds'), before)
            self.assertGreater(server.metric('sluice_last_reload_duration_seconds'), 0)
            self.assertGreater(server.metric('sluice_last_reload_timestamp_seconds'), before)
