"""Real clients for tests of what plugins let in and let pass."""

import json
import os
import subprocess

from .server import INTEGRATION
from .waiting import patience


def run_node(script, *arguments, seconds=30):
    """Runs one of clients/*.mjs: what it prints, which is JSON."""
    done = subprocess.run(['node', os.path.join(INTEGRATION, 'clients', script), *arguments],
                          capture_output=True, timeout=patience(seconds), check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def visit(url, **how):
    """One visit with Node's ws package; see clients/visitor.mjs."""
    return run_node('visitor.mjs', url, json.dumps(how))


def stage(plugin, **options):
    """One entry of a pipeline."""
    return {'plugin': plugin, 'options': options}
