"""What the integration tests share: the server under test, a raw WebSocket client, waiting."""

from .certificates import Authority, Certificates
from .files import allow_files
from .golang import build_go
from .haproxy import HAProxy
from .issuer import Issuer
from .python_client import UpgradeRefused, connect, refused_status
from .served import ServedTest
from .server import (BUILD, INTEGRATION, ROOT, Sluice, endpoint, install, run_sluice, sanitized,
                     settings, temporary_folder)
from .tls_flood import TlsClient
from .visitor import run_node, stage, visit
from .waiting import patience, wait_until
from .wire import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Ended, RawClient, Refused,
                   close_payload, frame, http_get)

__all__ = [
    'Authority', 'BINARY', 'BUILD', 'CLOSE', 'CONTINUATION', 'Certificates', 'Ended', 'HAProxy',
    'INTEGRATION', 'Issuer', 'PING', 'PONG', 'ROOT', 'RawClient', 'Refused', 'ServedTest',
    'Sluice', 'TEXT', 'TlsClient', 'UpgradeRefused', 'allow_files', 'build_go', 'close_payload',
    'connect', 'endpoint', 'frame', 'http_get', 'install', 'patience', 'refused_status',
    'run_node', 'run_sluice', 'sanitized', 'settings', 'stage', 'temporary_folder', 'visit',
    'wait_until',
]
