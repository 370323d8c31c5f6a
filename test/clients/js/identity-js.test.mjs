// amazon-cognito-identity-js, callbacks and all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuthenticationDetails, CognitoRefreshToken, CognitoUser, CognitoUserAttribute, CognitoUserPool,
} from 'amazon-cognito-identity-js';
import { claims, client, code, createUser, invite, issuer, newPassword, password, pool, url } from './poolhouse.mjs';

const userPool = new CognitoUserPool({ UserPoolId: pool, ClientId: client, endpoint: url });
const user = (Username) => new CognitoUser({ Username, Pool: userPool });

/** Calls a method whose last argument is (error, result) => ... */
const call = (object, method, ...args) => new Promise((resolve, reject) => {
  object[method](...args, (err, result) => (err ? reject(err) : resolve(result)));
});
/** Calls a method whose last argument is {onSuccess, onFailure, ...}; any other callback resolves with its name. */
const callbacks = (object, method, ...args) => new Promise((resolve, reject) => {
  const named = (step) => (...rest) => resolve({ step, rest });
  object[method](...args, {
    onSuccess: resolve, onFailure: reject,
    newPasswordRequired: named('newPasswordRequired'), inputVerificationCode: named('inputVerificationCode'),
  });
});
/** Signs in by SRP. */
const signIn = (of, secret = password) => callbacks(of, 'authenticateUser',
  new AuthenticationDetails({ Username: of.getUsername(), Password: secret }));

test('sign up, confirm, sign in by SRP', async () => {
  const email = new CognitoUserAttribute({ Name: 'email', Value: 'ada@example.com' });
  const signedUp = await call(userPool, 'signUp', 'ada', password, [email], null);
  assert.equal(signedUp.userConfirmed, false);
  assert.equal(signedUp.codeDeliveryDetails.Destination, 'a***@e***');
  await call(user('ada'), 'resendConfirmationCode');
  await call(user('ada'), 'confirmRegistration', await code('ada'), false);

  const ada = user('ada');
  const session = await signIn(ada);
  assert.equal(session.getIdToken().payload.iss, issuer);
  assert.equal(session.getIdToken().payload.aud, client);
  assert.equal(session.getIdToken().payload.sub, signedUp.userSub);
  assert.equal(session.getIdToken().payload.email_verified, true);
  assert.equal(session.getAccessToken().payload.scope, 'aws.cognito.signin.user.admin');
  assert(session.isValid());
});

// The server answers with k*v + g^b or k*v - g^b at random: each sign-in of a
// user and of fresh users succeeds, and so does the check that refuses a wrong password.
test('SRP with either sign of g^b', async () => {
  await createUser('many');
  for (let i = 0; i < 12; i++) await signIn(user('many'));
  for (let i = 0; i < 4; i++) await signIn(user(await createUser(`many${i}`)));
  for (let i = 0; i < 3; i++) {
    await assert.rejects(signIn(user('many'), 'Wrong-Horse-7'), {
      name: 'NotAuthorizedException', code: 'NotAuthorizedException', message: 'Incorrect username or password.',
    });
  }
});

test('an invited user chooses a password', async () => {
  const temporary = await invite('nina');
  const nina = user('nina');
  const challenge = await signIn(nina, temporary);
  assert.equal(challenge.step, 'newPasswordRequired');
  const [attributes, required] = challenge.rest;
  assert.equal(attributes.email, 'nina@example.com');
  assert.deepEqual(required, []);
  const session = await callbacks(nina, 'completeNewPasswordChallenge', newPassword, { name: 'Nina' });
  assert.equal(session.getIdToken().payload.name, 'Nina');
  await signIn(user('nina'), newPassword);
});

test('refresh', async () => {
  await createUser('rita');
  const rita = user('rita');
  const before = await signIn(rita);
  const after = await call(rita, 'refreshSession', new CognitoRefreshToken({ RefreshToken: before.getRefreshToken().getToken() }));
  assert.notEqual(after.getAccessToken().getJwtToken(), before.getAccessToken().getJwtToken());
  assert.equal(after.getAccessToken().payload.origin_jti, before.getAccessToken().payload.origin_jti);
  assert.equal(after.getAccessToken().payload.auth_time, before.getAccessToken().payload.auth_time);
});

test('attributes', async () => {
  await createUser('anna');
  const anna = user('anna');
  await signIn(anna);
  const set = (Name, Value) => call(anna, 'updateAttributes', [new CognitoUserAttribute({ Name, Value })]);
  const get = async () => Object.fromEntries((await call(anna, 'getUserAttributes')).map((a) => [a.Name, a.Value]));

  await set('nickname', 'An');
  assert.equal((await get()).nickname, 'An');
  await call(anna, 'deleteAttributes', ['nickname']);
  assert.equal((await get()).nickname, undefined);

  await set('email', 'anna@example.org');
  assert.equal((await get()).email_verified, 'false');
  await callbacks(anna, 'getAttributeVerificationCode', 'email');
  assert.equal(await callbacks(anna, 'verifyAttribute', 'email', await code('anna')), 'SUCCESS');
  assert.equal((await get()).email_verified, 'true');
});

test('change and recover a password', async () => {
  await createUser('hedy');
  const hedy = user('hedy');
  await signIn(hedy);
  await call(hedy, 'changePassword', password, newPassword);
  await signIn(user('hedy'), newPassword);

  const { step } = await callbacks(user('hedy'), 'forgotPassword');
  assert.equal(step, 'inputVerificationCode');
  await callbacks(user('hedy'), 'confirmPassword', await code('hedy'), password);
  await signIn(user('hedy'));
});

test('sign out everywhere', async () => {
  await createUser('joan');
  const joan = user('joan');
  const session = await signIn(joan);
  const other = user('joan');
  other.setSignInUserSession(session);
  await callbacks(joan, 'globalSignOut');
  await assert.rejects(call(other, 'getUserAttributes'), { code: 'NotAuthorizedException', message: 'Access Token has been revoked' });
  await assert.rejects(call(other, 'refreshSession', session.getRefreshToken()), {
    code: 'NotAuthorizedException', message: 'Refresh Token has been revoked',
  });
});

test('delete oneself', async () => {
  await createUser('gone');
  const gone = user('gone');
  const session = await signIn(gone);
  assert.equal(claims(session.getAccessToken().getJwtToken()).username, 'gone');
  assert.equal(await call(gone, 'deleteUser'), 'SUCCESS');
  await assert.rejects(signIn(user('gone')), { code: 'UserNotFoundException', message: 'User does not exist.' });
});

test('errors have their codes', async () => {
  await createUser('mary');
  await assert.rejects(call(userPool, 'signUp', 'mary', password, [], null), { code: 'UsernameExistsException', message: 'User already exists' });
  await assert.rejects(call(userPool, 'signUp', 'short', 'short', [], null), { code: 'InvalidPasswordException' });
  await call(userPool, 'signUp', 'codes', password, [new CognitoUserAttribute({ Name: 'email', Value: 'codes@example.com' })], null);
  const wrong = (await code('codes')) === '000000' ? '000001' : '000000';
  await assert.rejects(call(user('codes'), 'confirmRegistration', wrong, false), { code: 'CodeMismatchException' });
  await assert.rejects(signIn(user('codes')), { code: 'UserNotConfirmedException', message: 'User is not confirmed.' });
});
