// Makes keys and tokens with `jose`, for the tests of auth. First comes one line of JSON: a JWK Set,
// and a token for each algorithm. Then each line of standard input asks for one thing more and is
// answered by a line:
//   {"generate": ALGORITHM, "kid": ID}                                 a key: its public JWK
//   {"sign": {CLAIMS}, "alg": ALGORITHM, "kid": ID, "header": {MORE}}  a token
import readline from 'node:readline';
import './webcrypto.mjs';
import * as jose from 'jose';

const shared = new TextEncoder().encode('a-secret-that-is-shared-by-tests-'.repeat(2));
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
  'EdDSA'];
const secrets = ['HS256', 'HS384', 'HS512'];
const claims = {sub: 'ada', iss: 'https://issuer.test', aud: 'sluice', scope: 'chat read',
  tenant: {id: 'blue'}};
const privateKeys = {};

function later(seconds) {
  return Math.floor(Date.now() / 1000) + seconds;
}

function sign(key, alg, kid, payload, more = {}) {
  const header = {alg, kid, ...more};
  if (header.kid === null) {
    delete header.kid;
  }
  return new jose.SignJWT(payload).setProtectedHeader(header).sign(key);
}

// Making an RSA key takes seconds on a busy machine: all algorithms have the same one.
let rsa;

async function generatePair(alg) {
  if (!/^[RP]S/.test(alg)) {
    return jose.generateKeyPair(alg, {extractable: true});
  }
  if (rsa === undefined) {
    const pair = await jose.generateKeyPair(alg, {extractable: true, modulusLength: 2048});
    rsa = {public: await jose.exportJWK(pair.publicKey), private: await jose.exportJWK(pair.privateKey)};
  }
  return {publicKey: await jose.importJWK({...rsa.public, alg}, alg, {extractable: true}),
    privateKey: await jose.importJWK({...rsa.private, alg}, alg)};
}

async function generate(alg, kid) {
  const pair = await generatePair(alg);
  privateKeys[kid] = pair.privateKey;
  return {...await jose.exportJWK(pair.publicKey), kid, alg, use: 'sig'};
}

const jwks = {keys: []};
const tokens = {};
const hour = {...claims, iat: later(0), exp: later(3600)};
for (const alg of algorithms) {
  const kid = `key-${alg}`;
  jwks.keys.push(await generate(alg, kid));
  tokens[alg] = await sign(privateKeys[kid], alg, kid, hour);
}
for (const alg of secrets) {
  tokens[alg] = await sign(shared, alg, undefined, hour);
}

const es256 = (payload) => sign(privateKeys['key-ES256'], 'ES256', 'key-ES256', payload);
const pem = await jose.exportSPKI(await jose.importJWK(jwks.keys[0], 'RS256'));
const stranger = (await jose.generateKeyPair('ES256')).privateKey;
const special = {
  confused: await sign(new TextEncoder().encode(pem), 'HS256', 'key-RS256', hour),
  expired: await es256({...claims, exp: later(-60)}),
  audience: await es256({...hour, aud: 'another'}),
  scopeless: await es256({...hour, scope: undefined}),
  unknown: await sign(stranger, 'ES256', 'new-key', hour),
  bob: await es256({...hour, sub: 'bob'}),
  none: new jose.UnsecuredJWT(hour).encode(),
};
console.log(JSON.stringify({jwks, tokens, special, claims, pem}));

for await (const line of readline.createInterface({input: process.stdin})) {
  const wish = JSON.parse(line);
  const answer = wish.generate ? await generate(wish.generate, wish.kid)
    : await sign(privateKeys[wish.kid], wish.alg, wish.kid, wish.sign, wish.header);
  console.log(JSON.stringify(answer));
}
