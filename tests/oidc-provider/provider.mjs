// A certified OpenID provider for the tests, as a program: discovery, device flow, authorization code with PKCE, refresh,
// client credentials. People agree without a page: `x-account` in a request says who is at the browser. `POST /control`
// turns keys and accounts. It listens on 127.0.0.1 over TLS and forgets everything when it ends.

import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import Provider from 'oidc-provider';

const options = JSON.parse(process.env.OIDC_PROVIDER_OPTIONS);
const issuer = `https://localhost:${options.port}`;

// === what is remembered ===

const rows = new Map();

class Memory {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    rows.set(this.key(id), payload);
  }

  async find(id) {
    return rows.get(this.key(id));
  }

  async findBy(name, value) {
    for (const [key, row] of rows) {
      if (key.startsWith(`${this.model}:`) && row[name] === value) return row;
    }
    return undefined;
  }

  async findByUserCode(code) {
    return this.findBy('userCode', code);
  }

  async findByUid(uid) {
    return this.findBy('uid', uid);
  }

  async consume(id) {
    const row = rows.get(this.key(id));
    if (row) row.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    rows.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, row] of rows) {
      if (row.grantId === grantId) rows.delete(key);
    }
  }
}

// === who there is ===

const disabled = new Set();
const unverified = new Set();
const groups = new Map();

async function findAccount(_ctx, id) {
  if (disabled.has(id)) return undefined;
  return {
    accountId: id,
    claims: async () => ({
      sub: id,
      email: id.replace(/^sub-/, ''),
      email_verified: !unverified.has(id.replace(/^sub-/, '')),
      name: 'Somebody',
      groups: groups.get(id.replace(/^sub-/, '')) ?? [],
    }),
  };
}

// === the provider ===

function newKey(kind) {
  const made = kind === 'EC' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...made.privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: kind === 'EC' ? 'ES256' : 'RS256' };
}

let keys = [newKey('RSA')];
let provider;
let handle;

function start() {
  provider = new Provider(issuer, {
    adapter: Memory,
    jwks: { keys },
    findAccount,
    cookies: { keys: ['of the tests only'] },
    clients: [
      {
        client_id: options.client_id,
        client_secret: options.client_secret,
        redirect_uris: [options.redirect_uri],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        token_endpoint_auth_method: options.auth_method,
        id_token_signed_response_alg: keys[0].alg,
      },
      ...Object.entries(options.services).map(([client_id, client_secret]) => ({
        client_id,
        client_secret,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: options.auth_method,
        id_token_signed_response_alg: keys[0].alg,
      })),
    ],
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    // As the standard has it: what a scope asks for is told at the userinfo end point, not in the id token.
    conformIdTokenClaims: options.conform,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: { AccessToken: 600, ClientCredentials: 600, DeviceCode: options.code_life, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: async (ctx, form, _out, err) => { ctx.body = `${err ? `refused: ${err.message}` : ''}${form}`; },
        userCodeConfirmSource: async (ctx, form) => { ctx.body = form; },
        successSource: async (ctx) => { ctx.body = 'done'; },
      },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    renderError: async (ctx, out) => { ctx.body = `refused: ${out.error} ${out.error_description ?? ''}`; },
  });
  provider.use(agree);
  provider.on('server_error', (_ctx, error) => console.error(error));
  handle = provider.callback();
}

/** Who is asked to log in is the one of the request, and agrees to everything, or to nothing. */
async function agree(ctx, next) {
  if (!ctx.path.startsWith('/interaction/')) {
    await next();
    // The standard's pause of five seconds is long for tests.
    if (ctx.body?.device_code) ctx.body = { ...ctx.body, interval: options.interval };
    return;
  }
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  const account = `sub-${ctx.get('x-account')}`;
  let result;
  if (ctx.get('x-refuse')) {
    result = { error: 'access_denied', error_description: 'the person said no' };
  } else if (prompt.name === 'login') {
    result = { login: { accountId: account } };
  } else {
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope ?? 'openid');
    result = { consent: { grantId: await grant.save() } };
  }
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: prompt.name !== 'login' });
}

// === switches ===

const switches = {
  disable: (email) => disabled.add(`sub-${email}`),
  enable: (email) => disabled.delete(`sub-${email}`),
  unverify: (email) => unverified.add(email),
  verify: (email) => unverified.delete(email),
  groups: ({ email, names }) => groups.set(email, names),
  // A new key signs; former ones stay published or vanish.
  rotate: ({ kind, keep }) => {
    keys = [newKey(kind), ...(keep ? keys : [])];
    start();
  },
};

async function control(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  for (const [name, value] of Object.entries(JSON.parse(body))) switches[name](value);
  response.end('done\n');
}

// Who started it may be killed: then nobody is there to end this.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 1000).unref();

start();
const tls = { cert: readFileSync(options.cert), key: createPrivateKey(readFileSync(options.key)).export({ type: 'pkcs8', format: 'pem' }) };
createServer(tls, (request, response) => {
  if (request.url === '/control') control(request, response);
  else handle(request, response);
}).listen(options.port, '127.0.0.1', () => console.log('ready'));
