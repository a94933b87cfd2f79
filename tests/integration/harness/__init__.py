"""What the integration tests share: the server under test, a raw WebSocket client, waiting."""

from .certificates import Authority, Certificates
from .deflate import DEFLATE, DEFLATE_TAIL, DeflateClient, deflated
from .files import allow_files
from .golang import build_go
from .haproxy import HAProxy
from .installed import InstalledTest, run
from .issuer import Issuer
from .python_client import UpgradeRefused, connect, refused_status
from .served import ServedTest, for_module
from .server import (BUILD, INTEGRATION, ROOT, Sluice, endpoint, io_uring_refusal, need_io_uring, run_sluice,
                     sanitized, settings, temporary_folder)
from .tls_flood import TlsClient
from .visitor import run_node, stage, visit
from .waiting import patience, wait_until
from .wire import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Ended, RawClient, Refused,
                   close_payload, frame, http_get, upgrade_request)

__all__ = [
    'Authority', 'BINARY', 'BUILD', 'CLOSE', 'CONTINUATION', 'Certificates', 'DEFLATE', 'DEFLATE_TAIL',
    'DeflateClient', 'Ended', 'HAProxy',
    'INTEGRATION', 'InstalledTest', 'Issuer', 'PING', 'PONG', 'ROOT', 'RawClient', 'Refused', 'ServedTest',
    'Sluice', 'TEXT', 'TlsClient', 'UpgradeRefused', 'allow_files', 'build_go', 'close_payload',
    'connect', 'deflated', 'endpoint', 'for_module', 'frame', 'http_get',
    'io_uring_refusal', 'need_io_uring', 'patience', 'refused_status',
    'run', 'run_node', 'run_sluice', 'sanitized', 'settings', 'stage', 'temporary_folder',
    'upgrade_request', 'visit', 'wait_until',
]
