// Second factors with amazon-cognito-identity-js and Amplify.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  AdminCreateUserCommand, AdminSetUserPasswordCommand, CreateUserPoolClientCommand, CreateUserPoolCommand, SetUserPoolMfaConfigCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';
import { Amplify } from 'aws-amplify';
import { confirmSignIn, fetchMFAPreference, setUpTOTP, signIn, signOut, updateMFAPreference, verifyTOTPSetup } from 'aws-amplify/auth';
import { password, sdk, url } from './poolhouse.mjs';

/** Makes a pool with authenticator apps and codes by email, and a client. */
async function makePool(MfaConfiguration) {
  const { UserPool: { Id } } = await sdk.send(new CreateUserPoolCommand({
    PoolName: `mfa-${MfaConfiguration}`,
    AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] },
    EmailConfiguration: { EmailSendingAccount: 'DEVELOPER', SourceArn: 'arn:aws:ses:us-east-1:123456789012:identity/a@example.com' },
  }));
  await sdk.send(new SetUserPoolMfaConfigCommand({
    UserPoolId: Id, MfaConfiguration, SoftwareTokenMfaConfiguration: { Enabled: true }, EmailMfaConfiguration: {},
  }));
  const { UserPoolClient: { ClientId } } = await sdk.send(new CreateUserPoolClientCommand({ UserPoolId: Id, ClientName: 'web' }));
  return { pool: Id, client: ClientId };
}

async function makeUser(UserPoolId, Username, email) {
  await sdk.send(new AdminCreateUserCommand({
    UserPoolId, Username, MessageAction: 'SUPPRESS', UserAttributes: email ? [{ Name: 'email', Value: email }] : [],
  }));
  await sdk.send(new AdminSetUserPasswordCommand({ UserPoolId, Username, Password: password, Permanent: true }));
}

let ahead = 0; // seconds, of the server's clock
/** Lets the code that was used last be over. */
async function wait() {
  ahead += 60;
  const answer = await fetch(`${url}/_poolhouse/clock`, { method: 'POST', body: '{"advance":"1m"}', headers: { 'content-type': 'application/json' } });
  assert.equal(answer.status, 200);
}

/** What an authenticator app shows for a secret in base32 (RFC 6238). */
function appCode(secret) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + ahead) / 30)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const n = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(n % 1e6).padStart(6, '0');
}

/** The code in the newest message to a user of a pool. */
async function mailed(pool, username) {
  const answer = await fetch(`${url}/_poolhouse/inbox?pool=${pool}&username=${username}`, { headers: { accept: 'application/json' } });
  return (await answer.json())[0].code;
}

/** Calls a method with all callbacks; resolves with the name of the one that came and what it got. */
const step = (object, method, ...args) => new Promise((resolve, reject) => {
  const named = (name) => (...rest) => resolve([name, ...rest]);
  const callbacks = { onFailure: reject };
  for (const name of ['onSuccess', 'mfaRequired', 'totpRequired', 'mfaSetup', 'selectMFAType', 'associateSecretCode']) callbacks[name] = named(name);
  if (method === 'sendMFACode') object.sendMFACode(args[0], callbacks, args[1]);
  else object[method](...args, callbacks);
});

test('identity-js sets an app up while signing in, and signs in with it', async () => {
  const { pool, client } = await makePool('ON');
  await makeUser(pool, 'ada');
  const ada = () => new CognitoUser({ Username: 'ada', Pool: new CognitoUserPool({ UserPoolId: pool, ClientId: client, endpoint: url }) });
  const begin = (user) => step(user, 'authenticateUser', new AuthenticationDetails({ Username: 'ada', Password: password }));

  let user = ada();
  const [asked, , parameters] = await begin(user);
  assert.equal(asked, 'mfaSetup');
  assert.equal(parameters.MFAS_CAN_SETUP, '["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]');
  const [given, secret] = await step(user, 'associateSoftwareToken');
  assert.equal(given, 'associateSecretCode');
  await assert.rejects(step(user, 'verifySoftwareToken', '000000', 'phone'), { code: 'EnableSoftwareTokenMFAException', message: 'Code mismatch' });
  const [verified, session] = await step(user, 'verifySoftwareToken', appCode(secret), 'phone');
  assert.equal(verified, 'onSuccess');
  assert(session.isValid());

  user = ada();
  const [again, challenge, shown] = await begin(user);
  assert.deepEqual([again, challenge, shown.FRIENDLY_DEVICE_NAME], ['totpRequired', 'SOFTWARE_TOKEN_MFA', 'phone']);
  await assert.rejects(step(user, 'sendMFACode', appCode(secret), 'SOFTWARE_TOKEN_MFA'), {
    code: 'ExpiredCodeException', message: 'Your software token has already been used once.',
  });
  await wait();
  const [done] = await step(user, 'sendMFACode', appCode(secret), 'SOFTWARE_TOKEN_MFA');
  assert.equal(done, 'onSuccess');
});

test('Amplify sets an app up for a signed-in user, and chooses between factors', async () => {
  const { pool, client } = await makePool('OPTIONAL');
  Amplify.configure({ Auth: { Cognito: { userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url } } });
  await makeUser(pool, 'grace', 'grace@example.com');
  const begin = async () => (await signIn({ username: 'grace', password })).nextStep;

  assert.equal((await begin()).signInStep, 'DONE');
  const secret = (await setUpTOTP()).sharedSecret;
  await verifyTOTPSetup({ code: appCode(secret) });
  await updateMFAPreference({ totp: 'PREFERRED' });
  assert.deepEqual(await fetchMFAPreference(), { preferred: 'TOTP', enabled: ['TOTP'] });
  await signOut();

  await wait();
  assert.equal((await begin()).signInStep, 'CONFIRM_SIGN_IN_WITH_TOTP_CODE');
  await assert.rejects(confirmSignIn({ challengeResponse: '000000' }), { name: 'CodeMismatchException', message: 'Invalid code received for user' });
  assert.equal((await confirmSignIn({ challengeResponse: appCode(secret) })).nextStep.signInStep, 'DONE');
  await updateMFAPreference({ totp: 'NOT_PREFERRED', email: 'ENABLED' });
  await signOut();

  const choice = await begin();
  assert.equal(choice.signInStep, 'CONTINUE_SIGN_IN_WITH_MFA_SELECTION');
  assert.deepEqual(choice.allowedMFATypes, ['TOTP', 'EMAIL']);
  const sent = (await confirmSignIn({ challengeResponse: 'EMAIL' })).nextStep;
  assert.equal(sent.signInStep, 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE');
  assert.equal(sent.codeDeliveryDetails.destination, 'g***@e***');
  assert.equal((await confirmSignIn({ challengeResponse: await mailed(pool, 'grace') })).nextStep.signInStep, 'DONE');
  await signOut();
});

test('Amplify sets an email address up while signing in', async () => {
  const { pool, client } = await makePool('ON');
  Amplify.configure({ Auth: { Cognito: { userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url } } });
  await makeUser(pool, 'hedy');
  const { nextStep } = await signIn({ username: 'hedy', password });
  assert.equal(nextStep.signInStep, 'CONTINUE_SIGN_IN_WITH_MFA_SETUP_SELECTION');
  assert.equal((await confirmSignIn({ challengeResponse: 'EMAIL' })).nextStep.signInStep, 'CONTINUE_SIGN_IN_WITH_EMAIL_SETUP');
  const sent = (await confirmSignIn({ challengeResponse: 'hedy@example.com' })).nextStep;
  assert.equal(sent.signInStep, 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE');
  assert.equal((await confirmSignIn({ challengeResponse: await mailed(pool, 'hedy') })).nextStep.signInStep, 'DONE');
});
