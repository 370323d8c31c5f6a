// Amplify's signInWithRedirect in a browser, over TLS: Amplify insists on https for
// the domain of the login pages, and browsers give a page the cryptography that PKCE
// needs only over a secure connection. redirect_test.go starts the server and says
// which certificate the browser shall believe.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CreateUserPoolClientCommand, CreateUserPoolCommand, CreateUserPoolDomainCommand } from '@aws-sdk/client-cognito-identity-provider';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { createUserIn, password, sdk } from '../poolhouse.mjs';

const tls = new URL(process.env.POOLHOUSE_TLS); // where the server speaks TLS
const [cert, key] = [process.env.POOLHOUSE_TLS_CERT, process.env.POOLHOUSE_TLS_KEY].map((file) => readFileSync(file));

/** The app's own site, with a certificate of the same authority. */
const { outputFiles: [bundle] } = await build({
  entryPoints: [join(import.meta.dirname, 'app.mjs')], bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'warning',
});
let settings;
const site = createServer({ cert, key }, (request, response) => {
  if (request.url === '/app.js') {
    response.setHeader('content-type', 'text/javascript');
    response.end(bundle.contents);
    return;
  }
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><html lang="en"><title>The app</title><link rel="icon" href="data:,"><h1></h1>
<script type="application/json" id="settings">${JSON.stringify(settings)}</script><script type="module" src="/app.js"></script>`);
});
await new Promise((done) => site.listen(0, '127.0.0.1', done));
const home = `https://app.localhost:${site.address().port}/`;
const bye = `${home}bye`;

const { UserPool: { Id: pool } } = await sdk.send(new CreateUserPoolCommand({ PoolName: 'amplify' }));
await sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: pool, Domain: 'amplify', ManagedLoginVersion: 2 }));
const { UserPoolClient: { ClientId: client } } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId: pool, ClientName: 'Acme Notes', CallbackURLs: [home], LogoutURLs: [bye], SupportedIdentityProviders: ['COGNITO'],
  AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: ['code'],
  AllowedOAuthScopes: ['openid', 'email', 'profile', 'aws.cognito.signin.user.admin'],
}));
await createUserIn(pool, 'ada');
const domain = `amplify.auth.localhost:${tls.port}`;
settings = { pool, client, domain, home, bye, endpoint: `https://localhost:${tls.port}/` };

// The certificate that is believed is this one and no other.
const spki = createHash('sha256').update(new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
const browser = await chromium.launch({
  executablePath: process.env.POOLHOUSE_TEST_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', `--ignore-certificate-errors-spki-list=${spki}`],
});
after(async () => {
  await browser.close();
  site.close();
});

const complaints = [];

/** A browser of somebody who has not been here before, at the app. */
async function visitor() {
  const context = await browser.newContext({ locale: 'en-US' });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e}`));
  page.on('console', (m) => m.type() === 'error' && complaints.push(`${page.url()}: ${m.text()}`));
  await page.goto(home);
  await heading(page, 'Not signed in');
  return page;
}

const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

/** Leaves the page for where Amplify leads. */
const signIn = (page, input) => page.evaluate((input) => { globalThis.app.signIn(input); }, input);

async function fillIn(page) {
  await heading(page, 'Sign in');
  assert.equal(new URL(page.url()).host, domain);
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('signInWithRedirect, tokens, refresh, signOut', async () => {
  const page = await visitor();
  await signIn(page, { customState: 'from page 7', options: { nonce: 'a-nonce' } });
  await fillIn(page);
  await heading(page, 'Welcome, ada');
  assert.equal(page.url(), home, 'the code is still in the address');
  assert.equal(await page.evaluate(() => globalThis.app.heard.customOAuthState), 'from page 7');

  const tokens = await page.evaluate(() => globalThis.app.tokens());
  assert.equal(tokens.id.email, 'ada@example.com');
  assert.equal(tokens.id.aud, client);
  assert.equal(tokens.id.nonce, 'a-nonce');
  assert.ok(tokens.id.at_hash);
  assert.equal(tokens.access.client_id, client);
  assert.deepEqual(tokens.access.scope.split(' ').sort(), ['aws.cognito.signin.user.admin', 'email', 'openid', 'profile']);
  assert.equal((await page.evaluate(() => globalThis.app.attributes())).email, 'ada@example.com');

  const renewed = await page.evaluate(() => globalThis.app.tokens(true));
  assert.notEqual(renewed.text, tokens.text);
  assert.equal(renewed.access.origin_jti, tokens.access.origin_jti);

  // The session of the app and that of the login pages both end.
  await page.evaluate(() => { globalThis.app.signOut(); });
  await page.waitForURL(bye);
  await heading(page, 'Not signed in');
  assert.equal(await page.evaluate(() => globalThis.app.tokens()), undefined);
  await signIn(page);
  await heading(page, 'Sign in');
});

test('who is signed in at the login pages is not asked again', async () => {
  const page = await visitor();
  await signIn(page, { options: { loginHint: 'ada', lang: 'de' } });
  await heading(page, 'Anmelden');
  assert.equal(await page.getByLabel('Benutzername').inputValue(), 'ada');
  await page.getByLabel('Passwort', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Anmelden', exact: true }).click();
  await heading(page, 'Welcome, ada');

  const another = await page.context().newPage(); // with the cookies, and a store that is emptied
  await another.goto(home);
  await heading(another, 'Welcome, ada');
  await another.evaluate(() => localStorage.clear());
  await another.reload();
  await heading(another, 'Not signed in');
  await signIn(another);
  await heading(another, 'Welcome, ada');

  await another.evaluate(() => localStorage.clear());
  await another.reload();
  await heading(another, 'Not signed in');
  await signIn(another, { options: { prompt: 'LOGIN', lang: 'en' } });
  await fillIn(another);
  await heading(another, 'Welcome, ada');
});

test('pages complain of nothing', () => assert.deepEqual(complaints, []));
