"""Test cases that share one installation of the build."""

import os
import subprocess
import unittest

from .server import BUILD, temporary_folder
from .waiting import patience

COMPONENTS = 'sluice', 'sluice-plugins', 'sluice-dev'


def run(*command, status=0, **options):
    """Runs a program to its end, which has to have this status; None: any."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(120),
                          stdin=subprocess.DEVNULL, check=False, **options)
    if status not in (None, done.returncode):
        raise AssertionError(f'{command}: {done.returncode}: {done.stdout}{done.stderr}')
    return done


class InstalledTest(unittest.TestCase):
    """One installation for all tests of the class, below `prefix` in the temporary `folder`."""

    @classmethod
    def setUpClass(cls):
        temporary = temporary_folder()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = temporary.name
        cls.prefix = os.path.join(cls.folder, 'prefix')
        # By components: CMake then writes manifests of other names than that of an installation by root,
        # which is root's.
        for component in COMPONENTS:
            run('cmake', '--install', BUILD, '--prefix', cls.prefix, '--component', component)

    def installed(self, *parts):
        """The path of an installed file."""
        return os.path.join(self.prefix, *parts)
