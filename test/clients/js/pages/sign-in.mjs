// Every way to sign in on the login pages, in a browser.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { AdminSetUserMFAPreferenceCommand, CreateManagedLoginBrandingCommand } from '@aws-sdk/client-cognito-identity-provider';
import { newPassword, password, sdk, invite } from '../poolhouse.mjs';
import {
  address, answer, appCode, arrived, clock, close, complaints, failure, fits, heading, look, makePool, makeUser, message, press, signIn, visitor,
} from './site.mjs';

after(close);

const withEmail = {
  AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] },
  EmailConfiguration: { EmailSendingAccount: 'DEVELOPER', SourceArn: 'arn:aws:ses:us-east-1:123456789012:identity/a@example.com' },
};
const withSMS = { SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::123456789012:role/sms', ExternalId: 'x' } };
const logo = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40" viewBox="0 0 120 40"><rect width="120" height="40" rx="8" fill="#7a1fa2"/></svg>';
const sms = { SmsConfiguration: withSMS.SmsConfiguration };

test('a password', async (t) => {
  const pool = await makePool('plain', { AutoVerifiedAttributes: ['email'] });
  await makeUser(pool, 'ada');
  const page = await visitor();
  await page.goto(address(pool));
  await heading(page, 'Sign in');
  await look(page, 'sign-in');

  await t.test('that is wrong', async () => {
    await signIn(page, 'ada', 'Wrong-Horse-7');
    await failure(page, 'Incorrect username or password.');
    assert.equal(await page.getByLabel('Username').inputValue(), 'ada', 'the name is kept');
    assert.equal(await page.getByLabel('Password').inputValue(), '', 'the password is not');
    await look(page, 'sign-in-wrong');
    await signIn(page, 'nobody', 'Wrong-Horse-7');
    await failure(page, 'Incorrect username or password.');
    await page.reload(); // which would ask whether to send the form again
    await failure(page, 'Incorrect username or password.');
    await page.goBack();
    await heading(page, 'Sign in');
    await page.goForward();
    await failure(page, 'Incorrect username or password.');
  });
  await t.test('that is right', async () => {
    await page.goto(address(pool));
    await signIn(page, 'ada');
    await arrived(page);
  });
  await t.test('going back, and sending the form again, do no harm', async () => {
    await page.goBack();
    await heading(page, 'Choose an account');
  });
  await t.test('the account that is signed in', async () => {
    await look(page, 'accounts');
    await press(page, 'Continue as ada@example.com');
    await arrived(page);
    await page.goto(address(pool));
    await arrived(page); // without a page between
    await page.goto(address(pool, '/login'));
    await page.getByRole('link', { name: 'Use another account' }).click();
    await heading(page, 'Sign in');
  });
  await t.test('with the keyboard alone', async () => {
    const page = await visitor({ javaScriptEnabled: false });
    await page.goto(address(pool));
    await page.locator('input:focus').waitFor(); // autofocus comes with the first frame, not with the load event
    await page.keyboard.type('ada');
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await arrived(page);
    await page.context().close();
  });
  await t.test('in another language', async () => {
    const page = await visitor({ locale: 'de-CH' });
    await page.goto(address(pool));
    await heading(page, 'Anmelden');
    assert.equal(await page.locator('html').getAttribute('lang'), 'de');
    await page.goto(address(pool, '/oauth2/authorize', { lang: 'ja' }));
    assert.equal(await page.locator('html').getAttribute('lang'), 'ja');
    await page.goto(address(pool));
    assert.equal(await page.locator('html').getAttribute('lang'), 'ja', 'the choice is remembered');
    await page.context().close();
  });
  await t.test('of a client that is none', async () => {
    const page = await visitor();
    await page.goto(address({ ...pool, client: 'nobody' }));
    await heading(page, 'This did not work');
    await failure(page, 'The app that sent you here is not known.');
    await look(page, 'error');
    await page.goto(address(pool, '/oauth2/authorize', { redirect_uri: 'https://evil.example/' }));
    await failure(page, 'one of the app client');
    await page.context().close();
  });
  await page.context().close();
});

test('a password that is temporary', async () => {
  const pool = await makePool('temporary', { Schema: [{ Name: 'family_name', Required: true }] });
  await invite('bob', { family_name: 'Kahn' }, pool.id);
  const page = await visitor();
  await page.goto(address(pool));
  await signIn(page, 'bob', 'Temporary-1');
  await heading(page, 'Choose a password of your own');
  await look(page, 'new-password');
  await answer(page, 'New password', 'short', 'Save and go on');
  await failure(page, 'The password does not meet the requirements.');
  await answer(page, 'New password', newPassword, 'Save and go on');
  await arrived(page);
  await page.context().close();
});

test('a second factor', async (t) => {
  const pool = await makePool('factors', { ...withEmail, ...withSMS }, {
    MfaConfiguration: 'OPTIONAL', SoftwareTokenMfaConfiguration: { Enabled: true }, EmailMfaConfiguration: {},
    SmsMfaConfiguration: sms,
  });
  const prefer = (Username, settings) => sdk.send(new AdminSetUserMFAPreferenceCommand({ UserPoolId: pool.id, Username, ...settings }));
  const on = { Enabled: true };

  await t.test('by email', async () => {
    await makeUser(pool, 'emma');
    await prefer('emma', { EmailMfaSettings: on });
    const page = await visitor();
    await page.goto(address(pool));
    await signIn(page, 'emma');
    await heading(page, 'One more step');
    await look(page, 'code');
    await answer(page, 'Code', '000000', 'Verify');
    await failure(page, 'The code is wrong.');
    await look(page, 'code-wrong');
    await page.getByLabel('Code', { exact: true }).fill((await message(pool, 'emma')).code);
    await page.getByRole('button', { name: 'Verify', exact: true }).dblclick();
    await arrived(page);
    await page.context().close();
  });
  await t.test('by text message, chosen', async () => {
    await makeUser(pool, 'sam', { phone_number: '+14155550123', phone_number_verified: 'true' });
    await prefer('sam', { EmailMfaSettings: on, SMSMfaSettings: on });
    const page = await visitor();
    await page.goto(address(pool));
    await signIn(page, 'sam');
    await heading(page, 'One more step');
    await look(page, 'second-factor');
    await press(page, 'A code by text message');
    await page.getByText('Enter the code that was sent to').waitFor();
    await answer(page, 'Code', (await message(pool, 'sam')).code, 'Verify');
    await arrived(page);
    await page.context().close();
  });
});

test('a second factor that must be set up', async (t) => {
  const pool = await makePool('required', { ...withEmail }, {
    MfaConfiguration: 'ON', SoftwareTokenMfaConfiguration: { Enabled: true }, EmailMfaConfiguration: {},
  });
  await t.test('an authenticator app', async () => {
    await makeUser(pool, 'tom', { email: '', email_verified: '' });
    const page = await visitor();
    await page.goto(address(pool));
    await signIn(page, 'tom');
    await heading(page, 'Protect your account');
    await look(page, 'set-up');
    await press(page, 'An authenticator app');
    const secret = (await page.locator('code.secret').textContent()).replaceAll(/\s/g, '');
    assert.match(secret, /^[A-Z2-7]{52}$/);
    assert.ok(await page.getByRole('img', { name: /QR code/ }).isVisible());
    await look(page, 'set-up-app');
    await answer(page, 'Code', '000000', 'Verify');
    await page.getByRole('alert').waitFor();
    await answer(page, 'Code', await appCode(secret), 'Verify');
    await arrived(page);

    await clock(60); // a code is good once
    await page.context().clearCookies();
    await page.goto(address(pool));
    await signIn(page, 'tom');
    await page.getByText('Enter the code that your authenticator app shows').waitFor();
    await look(page, 'code-app');
    const shown = await appCode(secret);
    await answer(page, 'Code', `${shown.slice(0, 3)} ${shown.slice(3)}`, 'Verify'); // as apps show it
    await arrived(page);
    await page.context().close();
  });
});

test('the first factor is chosen', async (t) => {
  const pool = await makePool('choice', {
    ...withSMS, AutoVerifiedAttributes: ['email'], Policies: { SignInPolicy: { AllowedFirstAuthFactors: ['PASSWORD', 'EMAIL_OTP', 'SMS_OTP', 'WEB_AUTHN'] } },
  }, { WebAuthnConfiguration: { RelyingPartyId: 'localhost', UserVerification: 'required' } });
  await makeUser(pool, 'ada', { phone_number: '+14155550124', phone_number_verified: 'true' });
  const begin = async () => {
    const page = await visitor();
    await page.goto(address(pool));
    await answer(page, 'Username', 'ada', 'Continue');
    await heading(page, 'How do you want to sign in?');
    return page;
  };
  await t.test('a password', async () => {
    const page = await visitor();
    await page.goto(address(pool));
    await look(page, 'sign-in-name');
    await page.context().close();
    const chosen = await begin();
    await look(chosen, 'choose');
    await press(chosen, 'Password');
    await chosen.getByLabel('Password').waitFor();
    await look(chosen, 'password');
    await answer(chosen, 'Password', password, 'Sign in');
    await heading(chosen, 'Add a passkey'); // an offer
    await look(chosen, 'passkey-offer');
    await press(chosen, 'Not now');
    await arrived(chosen);
    await chosen.goto(address(pool, '/oauth2/authorize', { prompt: 'login' }));
    await answer(chosen, 'Username', 'ada', 'Continue');
    await press(chosen, 'Password');
    await answer(chosen, 'Password', password, 'Sign in');
    await arrived(chosen); // asked once
    await chosen.context().close();
  });
  for (const [button, medium] of [['A code by email', 'EMAIL'], ['A code by text message', 'SMS']]) {
    await t.test(button, async () => {
      const page = await begin();
      await press(page, button);
      await page.getByText('Enter the code that was sent to').waitFor();
      const sent = await message(pool, 'ada');
      assert.equal(sent.medium, medium);
      await answer(page, 'Code', sent.code, 'Verify');
      await press(page, 'Not now');
      await arrived(page);
      await page.context().close();
    });
  }
});

test('every language has room on a phone', async () => {
  const pool = await makePool('languages', { AutoVerifiedAttributes: ['email'], Schema: [{ Name: 'email', Required: true }] });
  const page = await visitor({ viewport: { width: 320, height: 640 } });
  for (const lang of ['de', 'en', 'es', 'fr', 'id', 'it', 'ja', 'ko', 'nl', 'pt-BR', 'zh-CN', 'zh-TW']) {
    for (const path of ['/login', '/signup', '/forgotPassword', '/resetPassword']) {
      await page.goto(address(pool, path, { lang }));
      assert.equal(await page.locator('html').getAttribute('lang'), lang);
      await fits(page, `${path} (${lang})`);
    }
  }
  await page.context().close();
});

test('a style of its own', async () => {
  const pool = await makePool('styled', { AutoVerifiedAttributes: ['email'] });
  await sdk.send(new CreateManagedLoginBrandingCommand({
    UserPoolId: pool.id, ClientId: pool.client,
    Settings: {
      categories: { form: { languageSelector: { enabled: true } }, global: { colorSchemeMode: 'LIGHT', pageHeader: { enabled: true } } },
      components: {
        form: { logo: { enabled: true, location: 'CENTER', formInclusion: 'IN' } },
        primaryButton: { lightMode: { defaults: { backgroundColor: '7a1fa2ff', textColor: 'ffffffff' } } },
      },
    },
    Assets: [{ Category: 'FORM_LOGO', ColorMode: 'LIGHT', Extension: 'SVG', Bytes: Buffer.from(logo) }],
  }));
  const page = await visitor({ colorScheme: 'dark' }); // which the style does not know
  await page.goto(address(pool));
  const button = page.getByRole('button', { name: 'Sign in', exact: true });
  assert.equal(await button.evaluate((b) => getComputedStyle(b).backgroundColor), 'rgb(122, 31, 162)');
  assert.ok(await page.locator('img.logo').evaluate((i) => i.complete && i.naturalWidth > 0), 'the logo is shown');
  await look(page, 'styled');
  await page.getByLabel('Language').selectOption('fr');
  await press(page, 'Change');
  await heading(page, 'Connexion');
  await page.context().close();
});

test('no page complained', () => assert.deepEqual(complaints, []));
