// `jose` wants the global `crypto`, which Node has from version 20 on; import this before it.
import {webcrypto} from 'node:crypto';

globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;
