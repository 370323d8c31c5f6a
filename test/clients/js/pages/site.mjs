// What the browser tests of the login pages are made of: pools with a domain and a
// client, the client's own site, the browser, and how a page is looked at.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  AdminCreateUserCommand, AdminSetUserPasswordCommand, CreateUserPoolClientCommand, CreateUserPoolCommand, CreateUserPoolDomainCommand,
  SetUserPoolMfaConfigCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { chromium } from 'playwright-core';
import { password, sdk, url } from '../poolhouse.mjs';

/** Passkeys want a secure origin, and a name: this machine's is one without TLS. */
const base = url.replace('127.0.0.1', 'localhost');

/** The client's site: it says what it was told. */
const app = createServer((request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><html lang="en"><title>The app</title><link rel="icon" href="data:,"><h1>Welcome back</h1>`);
});
await new Promise((done) => app.listen(0, '127.0.0.1', done));
export const callback = `http://localhost:${app.address().port}/callback`;

/** Makes a pool with the domain of its name, a client, and factors (SetUserPoolMfaConfig). */
export async function makePool(name, settings = {}, factors = undefined, ofClient = {}) {
  const { UserPool: { Id } } = await sdk.send(new CreateUserPoolCommand({ PoolName: name, ...settings }));
  if (factors) await sdk.send(new SetUserPoolMfaConfigCommand({ UserPoolId: Id, ...factors }));
  await sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: Id, Domain: name, ManagedLoginVersion: 2 }));
  const { UserPoolClient: { ClientId } } = await sdk.send(new CreateUserPoolClientCommand({
    UserPoolId: Id, ClientName: 'Acme Notes', CallbackURLs: [callback], LogoutURLs: [callback], SupportedIdentityProviders: ['COGNITO'],
    AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: ['code'],
    AllowedOAuthScopes: ['openid', 'email', 'profile', 'aws.cognito.signin.user.admin'],
    PreventUserExistenceErrors: 'ENABLED', ...ofClient,
  }));
  return { name, id: Id, client: ClientId };
}

/** The address of a page of a pool, for its client. */
export function address(pool, path = '/oauth2/authorize', more = {}) {
  const query = new URLSearchParams({
    client_id: pool.client, response_type: 'code', scope: 'openid email', redirect_uri: callback, state: 'a state', ...more,
  });
  return `${base}/_domain/${pool.name}${path}?${query}`;
}

/** Makes a user with a password of its own; an attribute of '' is not there. */
export async function makeUser(pool, Username, attributes = {}) {
  const all = { email: `${Username}@example.com`, email_verified: 'true', ...attributes };
  await sdk.send(new AdminCreateUserCommand({
    UserPoolId: pool.id, Username, MessageAction: 'SUPPRESS', UserAttributes: Object.entries(all).filter(([, Value]) => Value).map(([Name, Value]) => ({ Name, Value })),
  }));
  await sdk.send(new AdminSetUserPasswordCommand({ UserPoolId: pool.id, Username, Password: password, Permanent: true }));
}

/** The newest message to a user of a pool. */
export async function message(pool, username) {
  const answer = await fetch(`${url}/_poolhouse/inbox?pool=${pool.id}&username=${encodeURIComponent(username)}`, { headers: { accept: 'application/json' } });
  const [newest] = await answer.json();
  assert.ok(newest, `${username} got no message`);
  return newest;
}

/** The server's clock, in milliseconds, after it was moved by some seconds. */
export async function clock(seconds = 0) {
  const answer = await fetch(`${url}/_poolhouse/clock`, { method: 'POST', body: JSON.stringify({ advance: `${seconds}s` }) });
  assert.equal(answer.status, 200);
  return Date.parse((await answer.json()).now);
}

/** What an authenticator app shows for a key in base32 (RFC 6238). */
export async function appCode(secret) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(await clock() / 30_000)));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

const browser = await chromium.launch({
  executablePath: process.env.POOLHOUSE_TEST_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu'], // the pages are our own, and root has no sandbox
});

/** Ends everything. */
export async function close() {
  await browser.close();
  app.close();
}

/** What pages did that they must not: scripts that failed, policies that were hurt. */
export const complaints = [];

/** A browser of somebody who has not been here before. */
export async function visitor(options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1000, height: 760 }, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e}`));
  page.on('console', (m) => {
    // An address that is refused is answered with 400, of which the browser tells.
    if (m.type() === 'error' && !/status of 40[0-9]/.test(m.text())) complaints.push(`${page.url()}: ${m.text()}`);
  });
  return page;
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.POOLHOUSE_TEST_SCREENSHOTS;
if (pictures) mkdirSync(pictures, { recursive: true });
const seen = new Set();

/** Looks at a page in the light and the dark scheme and on a phone, once for each name. */
export async function look(page, name) {
  assert.match(page.url(), /\/_domain\//, name);
  if (seen.has(name) || process.env.POOLHOUSE_TEST_LOOK === 'no') return;
  seen.add(name);
  const picture = async (kind) => pictures && page.screenshot({ path: join(pictures, `${name}-${kind}.png`), fullPage: true, caret: 'initial' });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await accessible(page, `${name} (${colorScheme})`);
    await picture(colorScheme);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  await fits(page, name);
  await page.setViewportSize({ width: 390, height: 760 });
  await picture('phone');
  await page.setViewportSize(size);
}

/** WCAG 2.2's text has it that nobody shall have to scroll sideways at 320 pixels. */
export async function fits(page, name) {
  const [is, may] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(is <= may, `${name} is ${is} pixels wide, of ${may}`);
}

/** Fails for what axe finds serious or critical. */
async function accessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  const found = violations.filter((v) => ['serious', 'critical'].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join('; ')}`);
  assert.deepEqual(found, [], name);
}

/** Awaits the page of this heading. */
export const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

/** Awaits that the page tells of a failure. */
export const failure = (page, text) => page.getByRole('alert').filter({ hasText: text }).waitFor();

/** Awaits that the client has its code. */
export async function arrived(page) {
  await heading(page, 'Welcome back');
  const query = new URL(page.url()).searchParams;
  assert.match(query.get('code') ?? '', /^[0-9a-f-]{36}$/, page.url());
  assert.equal(query.get('state'), 'a state');
}

/** Presses a button. */
export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

/** Fills in a field and presses a button. */
export async function answer(page, label, value, button) {
  await page.getByLabel(label, { exact: true }).fill(value);
  await press(page, button);
}

/** Signs in with a name and a password. */
export async function signIn(page, username, word = password) {
  await page.getByLabel(/^Username/).fill(username);
  await answer(page, 'Password', word, 'Sign in');
}
