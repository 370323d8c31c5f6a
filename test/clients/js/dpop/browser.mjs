// Proof of possession in a browser, from another origin than the server's: what CORS
// lets a page send and see. dpop_test.go starts the server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CreateUserPoolClientCommand, CreateUserPoolDomainCommand } from '@aws-sdk/client-cognito-identity-provider';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { claims, createUser, issuer, password, pool, sdk, url } from '../poolhouse.mjs';

const { outputFiles: [bundle] } = await build({
  entryPoints: [join(import.meta.dirname, 'app.mjs')], bundle: true, write: false, format: 'esm', target: 'es2022', logLevel: 'warning',
});
let settings;
const site = createServer((request, response) => {
  if (request.url === '/app.js') {
    response.setHeader('content-type', 'text/javascript');
    response.end(bundle.contents);
    return;
  }
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><html lang="en"><title>The app</title><link rel="icon" href="data:,"><h1></h1>
<script type="application/json" id="settings">${JSON.stringify(settings)}</script><script type="module" src="/app.js"></script>`);
});
await new Promise((done) => { site.listen(0, '127.0.0.1', done); });
const home = `http://localhost:${site.address().port}/`; // a secure context, for all that it is http

await sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: pool, Domain: 'spa' }));
const { UserPoolClient: { ClientId: id } } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId: pool, ClientName: 'spa', CallbackURLs: [home], AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: ['code'],
  AllowedOAuthScopes: ['openid', 'email'], SupportedIdentityProviders: ['COGNITO'],
}));
const switched = await fetch(`${url}/_poolhouse/clients/${pool}/${id}/oauth`, {
  method: 'PUT', body: JSON.stringify({ dpop: 'required', dpopNonce: true, pushedOnly: true }),
});
assert.equal(switched.status, 200);
const user = await createUser('spa');
settings = { issuer, id, home };

const browser = await chromium.launch({ executablePath: process.env.POOLHOUSE_TEST_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
after(async () => {
  await browser.close();
  site.close();
});

test('a page signs its user in with a key of the browser', async () => {
  const context = await browser.newContext({ locale: 'en-US' });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  await page.goto(home);
  await page.getByLabel('Username').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((at) => at.href.startsWith(home));
  await page.waitForFunction(() => document.querySelector('h1').textContent);
  assert.equal(await page.locator('h1').textContent(), `Welcome, ${user}@example.com`);
  const app = await page.evaluate(() => globalThis.app);
  assert.equal(app.type, 'dpop');
  assert.equal(app.extractable, false);
  assert.deepEqual(claims(app.accessToken).cnf, { jkt: app.thumbprint });
  assert.equal(app.nonces, 1, 'the page could not read the nonce of the answer before');
  assert.equal(app.refused, 'invalid_token', 'the page could not read the challenge');
});
