"""Go clients, built against Debian's packages."""

import os
import subprocess

from .server import require


def build_go(source, folder):
    """Builds the program in the file `source` into the folder; returns its path. scripts/setup --tests has
    compiled what all of them import."""
    program = os.path.join(folder, 'program')
    environment = dict(os.environ, GO111MODULE='off', GOFLAGS='', GOPATH=f'/usr/share/gocode:{folder}')
    done = subprocess.run([require('go'), 'build', '-o', program, source], env=environment,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return program
