"""Each scenario of a plugin is run by a test of the build: a CMakeLists.txt names it."""

import os
import re
import unittest

from tree import ROOT, files, text


def lists_above(path):
    """What the CMakeLists.txt files in the folders above a file say."""
    folder = os.path.dirname(path)
    while folder:
        if os.path.exists(os.path.join(ROOT, folder, 'CMakeLists.txt')):
            yield text(os.path.join(folder, 'CMakeLists.txt'))
        folder = os.path.dirname(folder)


class Scenarios(unittest.TestCase):
    def test_each_is_run(self):
        scenarios = [path for path in files('plugins', 'plugin-sdk/examples', 'tests', endings=('.yaml',))
                     if '\nsteps:' in text(path)]
        self.assertGreater(len(scenarios), 80)
        self.assertEqual([path for path in scenarios
                          if not any(re.search(rf'\b{os.path.basename(path)[:-5]}\b', said) for said in lists_above(path))], [])


if __name__ == '__main__':
    unittest.main()
