"""docs/metrics.md lists each metric of the server, with its type and labels' values, and no other."""

import os
import re
import unittest

from harness import ROOT, Sluice, endpoint, settings, temporary_folder

PAGE = os.path.join(ROOT, 'docs', 'metrics.md')
ROW = re.compile(r'^\| (`sluice_[^|]*) \| (counter|gauge|histogram) \| (.*) \|$', re.MULTILINE)
DESCRIBED = re.compile(r'^# TYPE (sluice_\w+) (\w+)$', re.MULTILINE)
VALUES = re.compile(r'^(sluice_\w+){(?:reason|use|call|direction|thread|result)="([^"]+)"}', re.MULTILINE)


def page():
    with open(PAGE) as file:
        return file.read()


class MetricsPage(unittest.TestCase):
    def test_lists_what_a_server_that_records_answers(self):
        pipeline = [{'plugin': 'rate-limit', 'options': {'messages': '50/s'}}]
        configuration = settings(endpoint(pipeline=pipeline))
        with temporary_folder() as folder:
            with Sluice(configuration, arguments=['--record', os.path.join(folder, 'r')]) as server:
                text = server.admin('/metrics')
        documented = {name: kind for names, kind, _ in ROW.findall(page())
                      for name in re.findall(r'`(sluice_\w+)', names)}
        described = {name: kind for name, kind in DESCRIBED.findall(text) if '_rate_limit_' not in name}
        self.assertEqual(documented, described)
        for name, value in VALUES.findall(text):
            self.assertIn(f'`{value}`', page(), name)
