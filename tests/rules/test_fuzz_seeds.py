"""Each fuzz target has seeds, and all seeds belong to a fuzz target."""

import os
import unittest

from tree import ROOT

FUZZ = os.path.join(ROOT, 'tests', 'fuzz')


class FuzzSeeds(unittest.TestCase):
    def test_targets_and_seeds_belong_together(self):
        targets = [name[5:-2] for name in os.listdir(FUZZ) if name.startswith('fuzz_') and name.endswith('.c')]
        corpus = os.path.join(FUZZ, 'corpus')
        seeded = [name for name in os.listdir(corpus) if os.listdir(os.path.join(corpus, name))]
        self.assertGreater(len(targets), 10)
        self.assertEqual(sorted(targets), sorted(seeded))


if __name__ == '__main__':
    unittest.main()
