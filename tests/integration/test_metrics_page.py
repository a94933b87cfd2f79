"""docs/metrics.md lists each metric of the server, with its type and labels' values, and no other; names and samples follow
Prometheus' conventions."""

import os
import re
import shutil
import subprocess
import unittest

from harness import ROOT, Authority, Sluice, endpoint, settings, temporary_folder

PAGE = os.path.join(ROOT, 'docs', 'metrics.md')
ROW = re.compile(r'^\| (`(?:sluice|process)_[^|]*) \| (counter|gauge|histogram) \| (.*) \|$', re.MULTILINE)
DESCRIBED = re.compile(r'^# TYPE (\w+) (\w+)$', re.MULTILINE)
VALUES = re.compile(r'^(\w+){(?:reason|use|call|direction|thread|result|outcome|mode)="([^"]+)"}', re.MULTILINE)
NOT_BASE_UNITS = re.compile(r'_(?:ms|milliseconds|microseconds|nanoseconds|us|ns|minutes|hours|days|kb|kib|kilobytes|mb|mib|'
                            r'megabytes|bits|percent)(?:_|$)')


def page():
    with open(PAGE) as file:
        return file.read()


def served():
    """The metrics of a server with everything that adds some: two uses of a plugin, two endpoints, a recording."""
    pipeline = [{'plugin': 'rate-limit', 'options': {'messages': '50/s'}},
                {'plugin': 'rate-limit', 'mode': 'shadow', 'options': {'messages': '20/s'}}]
    configuration = settings(endpoint(pipeline=pipeline), endpoint('/other', pipeline=pipeline[:1]))
    with temporary_folder() as folder:
        with Sluice(configuration, arguments=['--record', os.path.join(folder, 'r')]) as server:
            return server.admin('/metrics')


class MetricsPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = served()

    def test_lists_what_a_server_that_records_answers(self):
        documented = {name: kind for names, kind, _ in ROW.findall(page())
                      for name in re.findall(r'`((?:sluice|process)_\w+)', names)}
        described = {name: kind for name, kind in DESCRIBED.findall(self.text) if '_rate_limit_' not in name}
        self.assertEqual(documented, described)
        for name, value in VALUES.findall(self.text):
            self.assertIn(f'`{value}`', page(), name)

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

    @unittest.skipUnless(shutil.which('promtool'), 'promtool (of Debian\'s package prometheus) is not here')
    def test_promtool_finds_nothing_to_say(self):
        ended = subprocess.run(['promtool', 'check', 'metrics'], input=self.text, text=True, capture_output=True, timeout=60)
        self.assertEqual((ended.returncode, ended.stderr), (0, ''), ended.stdout)


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
