"""docs/metrics.md is what metrics.py makes of core/admin/metric_table.h, and the table is complete."""

import re
import unittest

from metrics import PER, page, sections
from tree import files, text


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.metrics = [metric for _, metrics in sections() for metric in metrics]

    def test_each_entry_of_the_table_is_read_once(self):
        entries = re.findall(r'\bMETRIC\(\s*\\?\s*"', text('core/admin/metric_table.h'))
        self.assertEqual(len(self.metrics), len(entries))
        self.assertEqual(len({name for name, *_ in self.metrics}), len(self.metrics))

    def test_each_metric_is_described_somewhere(self):
        code = ''.join(text(path) for path in files('core/admin', endings=('.c',)))
        self.assertEqual([name for name, *_ in self.metrics if f'"{name}"' not in code], [])

    def test_each_has_a_known_type_and_a_bound(self):
        for name, kind, labels, count, per, short, means in self.metrics:
            self.assertIn(kind, ('counter', 'gauge', 'histogram'), name)
            self.assertIn(per, PER, name)
            self.assertGreater(count, 0, name)
            is_of_stages = 'position' in labels or 'table' in labels  # each stage has a storage table
            self.assertEqual(per == 'ENDPOINT', 'endpoint' in labels and not is_of_stages, name)
            self.assertTrue(short.endswith('.') and means and not means.endswith('.'), name)

    def test_the_page_is_up_to_date(self):
        self.assertEqual(text('docs/metrics.md'), page(), 'python3 tests/rules/metrics.py > docs/metrics.md')


if __name__ == '__main__':
    unittest.main()
