// Devices without a browser (RFC 8628): an unmodified openid-client asks and polls,
// while its user types the code into a browser elsewhere.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CreateManagedLoginBrandingCommand } from '@aws-sdk/client-cognito-identity-provider';
import * as oidc from 'openid-client';
import { sdk, url } from '../poolhouse.mjs';
import { answer, close, complaints, failure, fits, heading, look, makePool, makeUser, press, signIn, visitor } from './site.mjs';

after(close);

const pool = await makePool('living-room', { AutoVerifiedAttributes: ['email'] }, undefined, { ClientName: 'Acme TV' });
await makeUser(pool, 'ada');
const allowed = await fetch(`${url}/_poolhouse/clients/${pool.id}/${pool.client}/oauth`, { method: 'PUT', body: '{"deviceGrant": true}' });
assert.equal(allowed.status, 200);
const config = await oidc.discovery(new URL(`${url}/${pool.id}`), pool.client, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });

/** Has the device ask; pages are looked at by a name that passkeys and browsers know as this machine. */
async function ask() {
  const asked = await oidc.initiateDeviceAuthorization(config, { scope: 'openid email' });
  assert.match(asked.user_code, /^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  assert.equal(asked.interval, 5);
  return {
    ...asked, interval: 1, // the test has less time than people
    page: asked.verification_uri.replace('127.0.0.1', 'localhost'),
    complete: asked.verification_uri_complete.replace('127.0.0.1', 'localhost'),
  };
}

/** What came of polling: tokens, or the error. */
const poll = (device) => oidc.pollDeviceAuthorizationGrant(config, device).catch((err) => err);

/** Types the code and signs in. */
async function typeCode(page, device) {
  await page.goto(device.page);
  await answer(page, 'Code on your device', device.user_code.toLowerCase().replace('-', ' '), 'Continue');
  await signIn(page, 'ada');
  await heading(page, 'Connect this device?');
}

const page = await visitor();

test('a device that the user lets in', async () => {
  const device = await ask();
  const polled = poll(device); // it waits, is slowed down, and goes on
  await page.goto(device.complete);
  await heading(page, 'Connect a device');
  assert.equal(await page.getByLabel('Code on your device').inputValue(), device.user_code);
  await look(page, 'device-code');
  await answer(page, 'Code on your device', 'BBBB-BBBB', 'Continue');
  await failure(page, 'The code is wrong.');
  assert.equal(await page.getByLabel('Code on your device').inputValue(), 'BBBB-BBBB');
  await look(page, 'device-code-wrong');
  await typeCode(page, device);
  await page.getByText('A device wants to sign in to Acme TV as ada@example.com.').waitFor();
  await page.getByText(device.user_code, { exact: true }).waitFor();
  assert.deepEqual(await page.getByRole('list', { name: 'will have access to' }).getByRole('listitem').allTextContents(), ['Who you are', 'Your email address']);
  await look(page, 'device-consent');
  await press(page, 'Allow');
  await heading(page, 'Your device is connected');
  await look(page, 'device-connected');
  await page.goBack();
  await heading(page, 'Your device is connected'); // and not the question again

  const tokens = await polled;
  assert.ok(tokens.refresh_token, String(tokens));
  const claims = tokens.claims();
  assert.equal(claims.email, 'ada@example.com');
  assert.deepEqual(claims.amr, ['pwd']);
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)).sub, claims.sub);
  assert.equal((await oidc.refreshTokenGrant(config, tokens.refresh_token)).claims().sub, claims.sub);
});

test('one that the user refuses, in a browser that remembers the sign-in', async () => {
  const device = await ask();
  await page.goto(device.complete);
  await press(page, 'Continue');
  await heading(page, 'Connect this device?');
  await press(page, 'Deny');
  await heading(page, 'The device was not connected');
  await look(page, 'device-denied');
  assert.equal((await poll(device)).error, 'access_denied');
});

test('with the keyboard alone, without scripts, pressed twice', async () => {
  const device = await ask();
  const page = await visitor({ javaScriptEnabled: false });
  await page.goto(device.page);
  await page.locator('#user_code:focus').waitFor();
  await page.keyboard.type(device.user_code.replace('-', ''));
  await page.keyboard.press('Enter');
  await signIn(page, 'ada');
  await heading(page, 'Connect this device?');
  await page.getByRole('button', { name: 'Allow' }).dblclick();
  await heading(page, 'Your device is connected');
  assert.equal((await poll(device)).claims().email, 'ada@example.com');
  await page.context().close();
});

test('in the style of the client, and in every language on a phone', async () => {
  await sdk.send(new CreateManagedLoginBrandingCommand({
    UserPoolId: pool.id, ClientId: pool.client,
    Settings: { components: { primaryButton: { lightMode: { defaults: { backgroundColor: '7a1fa2ff', textColor: 'ffffffff' } } } } },
  }));
  const device = await ask();
  const page = await visitor({ viewport: { width: 320, height: 640 } });
  await typeCode(page, device);
  await page.reload();
  const color = await page.getByRole('button', { name: 'Allow' }).evaluate((b) => getComputedStyle(b).backgroundColor);
  assert.equal(color, 'rgb(122, 31, 162)');
  const consent = page.url();
  for (const lang of ['de', 'en', 'es', 'fr', 'id', 'it', 'ja', 'ko', 'nl', 'pt-BR', 'zh-CN', 'zh-TW']) {
    for (const address of [device.complete, consent]) {
      await page.goto(`${address}&lang=${lang}`);
      assert.equal(await page.locator('html').getAttribute('lang'), lang);
      await fits(page, `${address} (${lang})`);
    }
  }
  await page.context().close();
});

test('no page complained', () => assert.deepEqual(complaints, []));
