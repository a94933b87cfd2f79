// Makes keys and tokens with `jose`, for the tests of auth: one JWK Set, and a token for each
// algorithm, as JSON on standard output.
import * as jose from 'jose';

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
  'EdDSA'];
const claims = {scope: 'chat read', tenant: {id: 'blue'}};

function sign(key, alg, kid, expires, more = {}) {
  return new jose.SignJWT({...claims, ...more}).setProtectedHeader({alg, kid}).setSubject('ada')
    .setIssuer('https://issuer.test').setAudience('sluice').setIssuedAt()
    .setExpirationTime(expires).sign(key);
}

const keys = [];
const tokens = {};
const special = {};
for (const alg of algorithms) {
  const pair = await jose.generateKeyPair(alg, {extractable: true, modulusLength: 2048});
  const kid = `key-${alg}`;
  keys.push({...await jose.exportJWK(pair.publicKey), kid, alg, use: 'sig'});
  tokens[alg] = await sign(pair.privateKey, alg, kid, '1h');
  if (alg === 'RS256') {
    const pem = await jose.exportSPKI(pair.publicKey);
    special.confused = await sign(new TextEncoder().encode(pem), 'HS256', kid, '1h');
  }
  if (alg === 'ES256') {
    const now = Math.floor(Date.now() / 1000);
    special.expired = await sign(pair.privateKey, alg, kid, now - 60);
    special.short = await sign(pair.privateKey, alg, kid, now + 3);
    special.other = await sign(pair.privateKey, alg, kid, '1h', {sub: 'eve'});
    special.audience = await new jose.SignJWT(claims).setProtectedHeader({alg, kid})
      .setSubject('ada').setIssuer('https://issuer.test').setAudience('another')
      .setExpirationTime('1h').sign(pair.privateKey);
    special.scopeless = await new jose.SignJWT({}).setProtectedHeader({alg, kid}).setSubject('ada')
      .setIssuer('https://issuer.test').setAudience('sluice').setExpirationTime('1h')
      .sign(pair.privateKey);
    special.unknown = await sign((await jose.generateKeyPair(alg)).privateKey, alg, 'new-key', '1h');
    special.bob = await new jose.SignJWT(claims).setProtectedHeader({alg, kid}).setSubject('bob')
      .setIssuer('https://issuer.test').setAudience('sluice').setExpirationTime('1h')
      .sign(pair.privateKey);
  }
}
special.none = new jose.UnsecuredJWT(claims).setSubject('ada').setIssuer('https://issuer.test')
  .setAudience('sluice').setExpirationTime('1h').encode();
console.log(JSON.stringify({jwks: {keys}, tokens, special}));
