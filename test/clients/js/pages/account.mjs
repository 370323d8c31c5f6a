// Accounts on the login pages, in a browser: made, confirmed, recovered, looked
// after; passkeys; devices that are remembered; challenges of one's own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CreateTermsCommand } from '@aws-sdk/client-cognito-identity-provider';
import { newPassword, password, sdk } from '../poolhouse.mjs';
import {
  address, answer, appCode, arrived, clock, close, complaints, failure, heading, look, makePool, makeUser, message, press, signIn, visitor,
} from './site.mjs';

after(close);

/** Gives the browser an authenticator (WebAuthn), such as a phone or a laptop has. */
async function giveAuthenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  });
}

test('sign-up', async (t) => {
  const pool = await makePool('open', {
    AutoVerifiedAttributes: ['email'], Schema: [{ Name: 'email', Required: true }, { Name: 'given_name', Required: true }],
  });
  for (const TermsName of ['terms-of-use', 'privacy-policy']) {
    await sdk.send(new CreateTermsCommand({
      UserPoolId: pool.id, ClientId: pool.client, TermsName, TermsSource: 'LINK', Enforcement: 'NONE',
      Links: { 'cognito:default': `https://acme.example/${TermsName}` },
    }));
  }
  const page = await visitor();
  await page.goto(address(pool));
  await page.getByRole('link', { name: 'Create an account' }).click();
  await heading(page, 'Create an account');
  await look(page, 'sign-up');
  assert.equal(await page.getByRole('link', { name: 'privacy policy' }).getAttribute('href'), 'https://acme.example/privacy-policy');

  await page.getByLabel('Username').fill('grace');
  await page.getByLabel('Email address').fill('grace@example.com');
  await page.getByLabel('Given name').fill('Grace');
  await t.test('with a password that will not do', async () => {
    await answer(page, 'Password', 'short', 'Create account');
    await failure(page, 'The password does not meet the requirements.');
    assert.equal(await page.getByLabel('Given name').inputValue(), 'Grace', 'what was typed is kept');
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    await look(page, 'sign-up-wrong');
  });
  await t.test('and confirmation', async () => {
    await answer(page, 'Password', password, 'Create account');
    await heading(page, 'Confirm your account');
    await look(page, 'confirm');
    await answer(page, 'Code', '000000', 'Confirm account');
    await failure(page, 'The code is wrong.');
    const first = (await message(pool, 'grace')).code;
    await press(page, 'Send a new code');
    await page.getByRole('status').filter({ hasText: 'A new code is on its way' }).waitFor();
    const { code } = await message(pool, 'grace');
    assert.notEqual(code, first);
    await page.getByLabel('Code', { exact: true }).fill(code);
    await page.getByRole('button', { name: 'Confirm account', exact: true }).dblclick();
    await arrived(page); // whoever signed up here is signed in
  });
  await t.test('of a name that is taken', async () => {
    const page = await visitor();
    await page.goto(address(pool, '/signup'));
    await page.getByLabel('Username').fill('grace');
    await page.getByLabel('Email address').fill('eve@example.com');
    await page.getByLabel('Given name').fill('Eve');
    await answer(page, 'Password', password, 'Create account');
    await failure(page, 'This username is taken.');
    await page.context().close();
  });
  await t.test('a forgotten password', async () => {
    const page = await visitor();
    await page.goto(address(pool));
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await heading(page, 'Reset your password');
    await look(page, 'forgot');
    await answer(page, 'Username', 'grace', 'Send the code');
    await heading(page, 'Choose a new password');
    await look(page, 'reset');
    await page.getByLabel('Code').fill((await message(pool, 'grace')).code);
    await answer(page, 'New password', newPassword, 'Set the password');
    await Promise.race([heading(page, 'Welcome back'), heading(page, 'Sign in')]);
    if (/_domain/.test(page.url())) {
      await page.getByText('Your password is changed.').waitFor();
      await look(page, 'sign-in-notice');
      await signIn(page, 'grace', newPassword);
    }
    await arrived(page);
    await page.context().close();
  });
  await page.context().close();
});

test('the account page', async (t) => {
  const pool = await makePool('mine', {
    AutoVerifiedAttributes: ['email'], DeviceConfiguration: { DeviceOnlyRememberedOnUserPrompt: true, ChallengeRequiredOnNewDevice: true },
    Policies: { SignInPolicy: { AllowedFirstAuthFactors: ['PASSWORD', 'WEB_AUTHN'] } },
  }, {
    MfaConfiguration: 'OPTIONAL', SoftwareTokenMfaConfiguration: { Enabled: true },
    WebAuthnConfiguration: { RelyingPartyId: 'localhost', UserVerification: 'required' },
  }, { ExplicitAuthFlows: ['ALLOW_USER_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'] });
  await makeUser(pool, 'ada', { name: 'Ada Lovelace' });
  const page = await visitor();
  await giveAuthenticator(page);
  const account = address(pool, '/account').replace(/&.*redirect_uri/, '&redirect_uri').replace(/&state.*/, '');
  await page.goto(account);

  await t.test('after a sign-in, with an offer of a passkey', async () => {
    await answer(page, 'Username', 'ada', 'Continue');
    await page.getByLabel('Password').or(page.getByRole('button', { name: 'Password' })).first().waitFor();
    if (!await page.getByLabel('Password', { exact: true }).and(page.locator('input')).count()) await press(page, 'Password');
    await answer(page, 'Password', password, 'Sign in');
    await page.getByRole('heading', { level: 1 }).filter({ hasText: /^(Add a passkey|Your account)$/ }).waitFor();
    if (/passkeys/.test(page.url())) await press(page, 'Not now');
    await page.goto(account);
    await heading(page, 'Your account');
    await look(page, 'account');
  });
  await t.test('a passkey is added', async () => {
    await page.getByRole('link', { name: 'Add a passkey' }).click();
    await heading(page, 'Add a passkey');
    await look(page, 'passkey-add');
    await press(page, 'Add a passkey');
    await page.waitForURL(/\/account|\/callback/);
    await page.goto(account);
    assert.equal(await page.getByText('There are no passkeys yet.').count(), 0);
  });
  await t.test('an authenticator app is set up', async () => {
    await press(page, 'Set up an app');
    const secret = (await page.locator('code.secret').textContent()).replaceAll(/\s/g, '');
    await look(page, 'account-app');
    await answer(page, 'Code', await appCode(secret), 'Verify');
    await page.getByRole('status').filter({ hasText: 'The authenticator app is set up.' }).waitFor();
    await press(page, 'Remove');
    await page.getByText('No authenticator app is set up.').first().waitFor();
  });
  await t.test('the password is changed', async () => {
    await page.goto(account);
    await page.getByLabel('Current password').fill('Wrong-Horse-7');
    await answer(page, 'New password', newPassword, 'Change password');
    await failure(page, 'Incorrect username or password.');
    await page.getByLabel('Current password').fill(password);
    await answer(page, 'New password', newPassword, 'Change password');
    await page.getByText('Your password is changed.').waitFor();
  });
  await t.test('what others could take it over with needs a new sign-in', async () => {
    await clock(11 * 60);
    await page.goto(account);
    await page.getByText('prove again that it is you').waitFor();
    await look(page, 'account-stale');
  });
  await t.test('signing in with the passkey', async () => {
    await press(page, 'Sign in again');
    await answer(page, 'Username', 'ada', 'Continue');
    await heading(page, 'How do you want to sign in?');
    await press(page, 'Passkey');
    await heading(page, 'Use your passkey');
    await look(page, 'passkey');
    await press(page, 'Go on with the passkey');
    await page.waitForURL(/\/account|\/callback/);
    await page.goto(account);
    await page.getByLabel('Full name').or(page.getByLabel('Email address')).first().waitFor(); // fresh again
  });
  await t.test('a passkey that the browser has not', async () => {
    const stranger = await visitor();
    await stranger.goto(address(pool));
    await answer(stranger, 'Username', 'ada', 'Continue');
    await press(stranger, 'Passkey');
    await giveAuthenticator(stranger);
    await press(stranger, 'Go on with the passkey');
    await failure(stranger, 'The passkey was not accepted.');
    await look(stranger, 'passkey-failed');
    await stranger.context().close();
  });
  await t.test('signing out everywhere', async () => {
    await press(page, 'Sign out everywhere');
    await heading(page, 'You are signed out');
    await look(page, 'signed-out');
    await page.goto(address(pool));
    await heading(page, 'Sign in');
  });
  await page.context().close();
});

test('a device that is remembered', async () => {
  const pool = await makePool('devices', {
    DeviceConfiguration: { DeviceOnlyRememberedOnUserPrompt: true, ChallengeRequiredOnNewDevice: true },
  }, { MfaConfiguration: 'ON', SoftwareTokenMfaConfiguration: { Enabled: true } });
  await makeUser(pool, 'dora');
  const page = await visitor();
  const once = async () => {
    await page.goto(address(pool, '/oauth2/authorize', { prompt: 'login' }));
    await signIn(page, 'dora');
  };
  await once();
  if (await page.getByRole('button', { name: 'An authenticator app' }).count()) await press(page, 'An authenticator app');
  await page.locator('code.secret').waitFor();
  const secret = (await page.locator('code.secret').textContent()).replaceAll(/\s/g, '');
  await answer(page, 'Code', await appCode(secret), 'Verify');
  await arrived(page);
  await clock(60);
  await once();
  await page.getByLabel('Remember this device').check();
  await look(page, 'code-remember');
  await answer(page, 'Code', await appCode(secret), 'Verify');
  await arrived(page);
  await once();
  await arrived(page); // without a code
  await page.context().close();
});

test('a challenge of functions', async () => {
  const arn = (name) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
  const pool = await makePool('custom', {
    LambdaConfig: { DefineAuthChallenge: arn('define'), CreateAuthChallenge: arn('create'), VerifyAuthChallengeResponse: arn('verify') },
  }, undefined, { ExplicitAuthFlows: ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'] });
  await makeUser(pool, 'ada');
  const page = await visitor();
  await page.goto(address(pool));
  await page.getByLabel('Username').fill('ada');
  if (await page.getByLabel('Password').count()) await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: /^(Sign in|Continue)$/ }).click();
  await heading(page, 'One more question');
  await look(page, 'custom');
  await page.getByText('6 x 7').waitFor();
  await answer(page, 'Answer', '41', 'Continue');
  await heading(page, 'One more question');
  await answer(page, 'Answer', '42', 'Continue');
  await arrived(page);
  await page.context().close();
});

test('no page complained', () => assert.deepEqual(complaints, []));
