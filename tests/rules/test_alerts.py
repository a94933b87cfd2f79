"""contrib/prometheus/alerts.yaml uses metrics and labels that docs/metrics.md has, and promtool accepts it."""

import os
import re
import shutil
import subprocess
import unittest

from tree import ROOT, text

FETCHED = os.path.join(ROOT, '.deps', 'prometheus', 'usr', 'bin')
PROMTOOL = shutil.which('promtool', path=FETCHED + os.pathsep + os.environ['PATH'])
ALERTS = 'contrib/prometheus/alerts.yaml'
NAME = re.compile(r'\b(?:sluice|process)_\w+')
ROW = re.compile(r'^\| (`(?:sluice|process)_[^|]*) \| (?:counter|gauge|histogram) \|', re.MULTILINE)
DOCUMENTED = re.compile(r'`(\w+)(?:\{([\w,]+)\})?`')
CHOSEN = re.compile(r'(\w+)\{(\w+)(?:=|!=|=~)"([\w|]+)"\}')


def documented():
    """The labels of each metric of the page."""
    return {name: labels.split(',') for row in ROW.findall(text('docs/metrics.md')) for name, labels in DOCUMENTED.findall(row)}


def is_of_a_plugin(name):
    """Whether a plugin's README lists it."""
    found = re.fullmatch(r'sluice_plugin_([a-z]+)_(\w+)', name)
    readme = found and f'plugins/{found.group(1)}/README.md'
    return bool(found) and os.path.exists(os.path.join(ROOT, readme)) and f'`{found.group(2)}`' in text(readme)


class Alerts(unittest.TestCase):
    def test_each_metric_is_one_of_the_page(self):
        names = {re.sub(r'_bucket$', '', name) for name in NAME.findall(text(ALERTS))}
        self.assertGreater(len(names), 12)
        self.assertEqual([name for name in names - set(documented()) if not is_of_a_plugin(name)], [])

    def test_each_chosen_label_and_value_is_on_the_page(self):
        page, known = text('docs/metrics.md'), documented()
        chosen = CHOSEN.findall(text(ALERTS))
        self.assertGreater(len(chosen), 3)
        for name, label, values in chosen:
            self.assertIn(label, known[name])
            if label != 'code':
                self.assertEqual([value for value in values.split('|') if f'`{value}`' not in page], [], name)

    @unittest.skipUnless(PROMTOOL, 'promtool is not here: scripts/setup --tests fetches it')
    def test_promtool_accepts_them(self):
        ended = subprocess.run([PROMTOOL, 'check', 'rules', os.path.join(ROOT, ALERTS)], capture_output=True, text=True,
                               timeout=60)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)


if __name__ == '__main__':
    unittest.main()
