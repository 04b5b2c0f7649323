// A certified OpenID Connect provider on this machine, with its own pages: for `scripts/nightly oauth`, and to try a
// service with. It keeps nothing, and every password is right: it must not be reachable from elsewhere.
//
//   npm ci && npm start
//
//   PORT           where it listens on 127.0.0.1 (9000); 0 chooses a port. The issuer is http://127.0.0.1:PORT
//   REDIRECT_URIS  the callbacks of all clients, separated by spaces (those of the provider `acme` at http://localhost:8000)
//
// Clients, all with the secret below: `acme`, `acme-es256` and `acme-eddsa`, named after the algorithm that signs their
// tokens; `acme` has RS256. All may use codes, refresh tokens and client credentials. PKCE is required of them, but not of
// `without-pkce`, which is for fastapi-users.
//
// With `resource=https://…` in a request, the access token is a JWT (RFC 9068, `typ` is `at+jwt`) for this audience, with the
// address of the person. `POST /rotate` replaces all keys; `POST /rotate?overlap` keeps publishing the former ones.

import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const CLIENT_SECRET = 'a secret of the local provider, for tests only';
const CLIENTS = { acme: 'RS256', 'acme-es256': 'ES256', 'acme-eddsa': 'EdDSA', 'without-pkce': 'RS256' };

// What is known of a person. What is entered as login is the subject: `arthur`, `arthur-2` and so on, each with an address.
const PEOPLE = {
  arthur: { email_verified: true },
  mordred: { email_verified: false },
  merlin: undefined, // has no address
};

const redirectUris = (process.env.REDIRECT_URIS
  ?? 'http://localhost:8000/auth/acme/callback http://localhost:8000/auth/associate/acme/callback').split(' ');
const cookieKeys = [randomBytes(32).toString('hex')];

let keys = newKeys();
let published = [];
let handler;

/** Returns the claims about a subject. Nobody else than these people can log in. */
function claimsOf(sub) {
  const [name] = sub.split('-');
  if (!Object.hasOwn(PEOPLE, name)) return undefined;
  return { sub, name: sub, ...(PEOPLE[name] && { email: `${sub}@camelot.bt`, ...PEOPLE[name] }) };
}

/** Makes a key for each algorithm. */
function newKeys() {
  const jwk = (alg, { privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID() });
  return [
    jwk('RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })),
    jwk('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
    jwk('EdDSA', generateKeyPairSync('ed25519')),
  ];
}

function client([client_id, alg]) {
  return {
    client_id,
    client_secret: CLIENT_SECRET,
    client_name: client_id,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    // Both ways in which a client can authenticate.
    token_endpoint_auth_method: alg === 'ES256' ? 'client_secret_post' : 'client_secret_basic',
    id_token_signed_response_alg: alg,
  };
}

/** A provider with the current keys. What providers of one process have issued is in one memory. */
function provider(issuer) {
  return new Provider(issuer, {
    clients: Object.entries(CLIENTS).map(client),
    // The first key of an algorithm signs.
    jwks: { keys: [...keys, ...published] },
    cookies: { keys: cookieKeys },
    pkce: { required: (_, { clientId }) => clientId !== 'without-pkce', methods: ['S256'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    enabledJWA: { idTokenSigningAlgValues: [...new Set(Object.values(CLIENTS))] },
    findAccount: (_, sub) => {
      const claims = claimsOf(sub);
      return claims && { accountId: sub, claims: () => claims };
    },
    features: {
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, audience, { idTokenSignedResponseAlg: alg }) => ({
          scope: 'read write', audience, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg } },
        }),
      },
    },
    extraTokenClaims: (_, { accountId }) => (accountId === undefined ? undefined : claimsOf(accountId)),
    ttl: {
      Session: 3600, Grant: 3600, Interaction: 600, IdToken: 300, AccessToken: 600, ClientCredentials: 600, RefreshToken: 3600,
    },
  });
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (request.method === 'POST' && pathname === '/rotate') {
    published = searchParams.has('overlap') ? [...keys, ...published] : [];
    keys = newKeys();
    handler = provider(issuer).callback();
    response.writeHead(204).end();
    return;
  }
  handler(request, response);
});

let issuer;
server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  handler = provider(issuer).callback();
  console.log(`listening on ${issuer}`);
});
