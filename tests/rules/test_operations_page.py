"""docs/operations.md: the metrics, keys and figures that it names are those of the other pages, its time-outs fit
together, and each row of the runbook says where to look."""

import os
import re
import unittest

from tree import exists, text

PAGE = 'docs/operations.md'
METRICS = 'docs/metrics.md'
CONFIGURATION = 'docs/configuration.md'
METRIC = re.compile(r'\bsluice_[a-z0-9_]+')
OF_PLUGIN = re.compile(r'sluice_plugin_(auth|rate_limit|quota|validate|origin|address_filter)_(\w+)')
SECONDS = {'ms': 0.001, 's': 1, 'm': 60}


def is_documented(metric):
    """Whether a page lists this metric: that of the server, or the README of the plugin."""
    of_plugin = OF_PLUGIN.fullmatch(metric)
    if of_plugin:
        return f'`{of_plugin[2]}`' in text(f'plugins/{of_plugin[1].replace("_", "-")}/README.md')
    return re.search(rf'`{metric}[`{{]', text(METRICS)) is not None


def rows(section):
    """The cells of each row of a section's table, without its head."""
    part = re.search(rf'^## {section}\n(.*?)(?=^## |\Z)', text(PAGE), re.MULTILINE | re.DOTALL)[1]
    cells = [[cell.strip() for cell in row.split(' | ')] for row in re.findall(r'^\| (.*) \|$', part, re.MULTILINE)]
    return cells[2:]


def blocks(language):
    return re.findall(rf'^```{language}\n(.*?)^```$', text(PAGE), re.MULTILINE | re.DOTALL)


def durations(pattern, block):
    """What a setting says, in seconds, each time that it is there."""
    return [int(number) * SECONDS[unit] for number, unit in re.findall(rf'{pattern}(\d+)(ms|s|m)\b', block)]


class OperationsPage(unittest.TestCase):
    def test_each_metric_is_in_its_page(self):
        named = set(METRIC.findall(text(PAGE)))
        self.assertGreater(len(named), 30)
        self.assertEqual([name for name in sorted(named) if not is_documented(name)], [])

    def test_each_row_of_the_runbook_names_metrics(self):
        self.assertGreater(len(rows('Runbook')), 15)
        for cells in rows('Runbook'):
            with self.subTest(cells[0]):
                self.assertEqual(len(cells), 3)
                self.assertTrue(METRIC.search(cells[1]), 'this row names no metric')

    def test_each_reason_is_in_the_page_of_metrics(self):
        for cells in rows('Runbook'):
            for reason in re.findall(r'`([a-z]+(?:_[a-z]+)+)`(?=[,:])', cells[2]):
                with self.subTest(reason):
                    self.assertIn(f'`{reason}`', text(METRICS) + text('plugins/auth/README.md') + text(CONFIGURATION))

    def test_each_key_is_in_the_page_of_configuration(self):
        keys = set(re.findall(r'`([a-z_]+(?:\.[a-z_]+)+)`', text(PAGE)))
        keys = {key for key in keys if not key.endswith(('.yaml', '.jsonl', '.so')) and not key.startswith('net.')}
        self.assertGreater(len(keys), 15)
        known = text(CONFIGURATION)
        for key in sorted(keys):
            with self.subTest(key):
                self.assertTrue(f'`{key}`' in known or f'`{key.partition(".")[2]}`' in known)

    def test_each_link_leads_to_a_file_and_a_heading(self):
        for path, anchor in re.findall(r'\]\(([^)#:]+)(?:#([^)]*))?\)', text(PAGE)):
            with self.subTest(path):
                file = os.path.normpath(os.path.join('docs', path))
                self.assertTrue(exists(file))
                headings = [re.sub(r'[^\w -]', '', line.lower()).strip().replace(' ', '-')
                            for line in re.findall(r'^#+ (.*)$', text(file), re.MULTILINE)]
                self.assertIn(anchor, [*headings, ''])

    def test_proxies_wait_longer_than_the_heartbeat(self):
        beat = re.search(r'heartbeat: {interval: (\d+)s, timeout: (\d+)s}', blocks('yaml')[0])
        least = int(beat[1]) + int(beat[2])
        nginx, (ends_tls, passes_tls) = blocks('nginx')[0], blocks('haproxy')
        waits = durations('proxy_(?:read|send)_timeout ', nginx) + durations('timeout tunnel ', ends_tls) + \
            durations('timeout (?:client|server) ', passes_tls)
        self.assertEqual(len(waits), 5)
        self.assertGreater(min(waits), least)
        for key, said in (('interval', beat[1]), ('timeout', beat[2])):
            self.assertIn(f'`heartbeat.{key}` | duration | `{said}s`', text(CONFIGURATION), 'the defaults')

    def test_systemd_waits_longer_than_a_stop_takes(self):
        grace = durations('grace: ', blocks('yaml')[0])[0]
        stop = durations(r'`watchdog\.stop` \| duration \| `', text(CONFIGURATION))[0]
        self.assertGreater(durations('TimeoutStopSec=', blocks('ini')[0])[0], grace + stop)

    def test_figures_are_those_that_were_measured(self):
        self.assertGreater(len(rows('Capacity')), 5)
        for what, takes, link in rows('Capacity'):
            page = text(os.path.join('docs', re.search(r'\(([\w.]+)\)', link)[1]))
            for figure in re.findall(r'[\d,]*\d(?:\.\d+)?', takes):
                with self.subTest(what):
                    self.assertRegex(page, rf'(?<![\d.]){re.escape(figure)}(?![\d.]\d|\d)')


if __name__ == '__main__':
    unittest.main()
