"""docs/metrics.md names each limit of docs/configuration.md beside the metric that shows it."""

import re
import unittest

from tree import text

KEY = re.compile(r'^\| `([\w.]+)` \|', re.MULTILINE)
LIMIT = re.compile(r'limits\.|bans\.max$|(?:\w+\.)?(?:queue|queue\.bytes|max_fragments|requests|threads|clients\.\w+)$')


class Limits(unittest.TestCase):
    def test_each_limit_is_named_beside_its_metric(self):
        limits = [key for key in KEY.findall(text('docs/configuration.md')) if LIMIT.match(key)]
        self.assertGreater(len(limits), 12)
        metrics = text('docs/metrics.md')
        self.assertEqual([key for key in limits if f'`{key}`' not in metrics], [])


if __name__ == '__main__':
    unittest.main()
