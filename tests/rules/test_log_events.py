"""docs/log-events.md is what log_events.py makes of core/base/event_table.h."""

import re
import unittest

from log_events import entries, page
from tree import text


class LogEvents(unittest.TestCase):
    def test_each_entry_of_the_tables_is_read(self):
        source = text('core/base/event_table.h')
        self.assertEqual(len(list(entries('EVENTS'))), len(re.findall(r'\bEVENT\(\s*\\?\s*[A-Z]', source)))
        self.assertEqual(len(list(entries('EVENT_FIELDS'))), len(re.findall(r'\bFIELD\(\s*\\?\s*[A-Z]', source)))

    def test_the_page_is_up_to_date(self):
        self.assertEqual(text('docs/log-events.md'), page(),
                         'python3 tests/rules/log_events.py > docs/log-events.md')


if __name__ == '__main__':
    unittest.main()
