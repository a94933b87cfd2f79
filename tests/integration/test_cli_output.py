"""Commands whose standard output cannot be written."""

import subprocess
import unittest

from harness import patience
from harness.server import binary


class FullDisk(unittest.TestCase):
    def test_what_cannot_be_printed_is_status_1(self):
        for line in ('version',), ('--version', '--json'), ('help',), ('help', 'kick'), ('schema',), ('plugins',):
            with self.subTest(line=line), open('/dev/full', 'wb') as full:
                done = subprocess.run([binary(), *line], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                      timeout=patience(30), check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b'sluice: cannot write to standard output', done.stderr)


if __name__ == '__main__':
    unittest.main()
