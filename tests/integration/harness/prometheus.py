"""Prometheus as scripts/setup unpacks it, or as it is installed."""

import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request

from .ports import free_port, own_address
from .server import ROOT, temporary_folder
from .waiting import end_process, patience, wait_until

FETCHED = os.path.join(ROOT, '.deps', 'prometheus', 'usr', 'bin')

CONFIGURATION = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs: [{{job_name: sluice, static_configs: [{{targets: ["{target}"]}}]}}]
"""


def program(name):
    """The path of one of its programs."""
    path = shutil.which(name, path=FETCHED + os.pathsep + os.environ['PATH'])
    assert path, f'{name} is not here: scripts/setup --tests fetches it'
    return path


class Prometheus:
    """Scrapes a server's admin listener; use it in a with statement."""

    def __init__(self, target, rules):
        self.command = [program('prometheus'), '--log.level=warn']
        self.configuration = CONFIGURATION.format(target=target, rules=rules)

    def __enter__(self):
        self.folder = temporary_folder()
        path = self.folder.name
        address = own_address()
        self.url = f'http://{address}:{free_port(address)}/api/v1/'
        with open(os.path.join(path, 'prometheus.yml'), 'w') as file:
            file.write(self.configuration)
        with open(os.path.join(path, 'said'), 'wb') as said:
            self.process = subprocess.Popen(
                self.command + [f'--config.file={path}/prometheus.yml', f'--storage.tsdb.path={path}/data',
                                f'--web.listen-address={urllib.parse.urlsplit(self.url).netloc}'],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**os.environ, 'GOMAXPROCS': '1'})
        try:
            wait_until(self.answers, 'Prometheus answers', 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        end_process(self.process)
        self.folder.cleanup()

    def answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder.name, 'said'), errors='replace') as file:
                raise AssertionError(f'Prometheus has ended: {file.read()}')
        try:
            return self.query('up') is not None
        except OSError:
            return False

    def get(self, path, **parameters):
        url = self.url + path + '?' + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=patience(10)) as answer:
            return json.load(answer)['data']

    def query(self, expression):
        """The series that an expression has now; an expression that is wrong is an HTTPError."""
        return self.get('query', query=expression)['result']
