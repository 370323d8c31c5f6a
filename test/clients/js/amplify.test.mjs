// aws-amplify, version 6.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Amplify } from 'aws-amplify';
import {
  confirmResetPassword, confirmSignIn, confirmSignUp, confirmUserAttribute, deleteUser, deleteUserAttributes,
  fetchAuthSession, fetchUserAttributes, getCurrentUser, resendSignUpCode, resetPassword, sendUserAttributeVerificationCode,
  signIn, signOut, signUp, updatePassword, updateUserAttributes,
} from 'aws-amplify/auth';
import { AdminUserGlobalSignOutCommand } from '@aws-sdk/client-cognito-identity-provider';
import { client, code, createUser, invite, issuer, newPassword, password, pool, sdk, url } from './poolhouse.mjs';

Amplify.configure({ Auth: { Cognito: { userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url } } });

/** Signs in, by SRP unless told otherwise, and fails unless that is all it takes. */
async function signedIn(username, secret = password, authFlowType = 'USER_SRP_AUTH') {
  const { nextStep } = await signIn({ username, password: secret, options: { authFlowType } });
  assert.equal(nextStep.signInStep, 'DONE');
}

test('sign up, confirm, sign in by SRP', async () => {
  const { nextStep, userId } = await signUp({
    username: 'ada', password, options: { userAttributes: { email: 'ada@example.com' } },
  });
  assert.equal(nextStep.signUpStep, 'CONFIRM_SIGN_UP');
  assert.deepEqual(nextStep.codeDeliveryDetails, { attributeName: 'email', deliveryMedium: 'EMAIL', destination: 'a***@e***' });
  await assert.rejects(signUp({ username: 'ada', password }), { name: 'UsernameExistsException' });
  const { nextStep: early } = await signIn({ username: 'ada', password });
  assert.equal(early.signInStep, 'CONFIRM_SIGN_UP');

  await resendSignUpCode({ username: 'ada' });
  const confirmed = await confirmSignUp({ username: 'ada', confirmationCode: await code('ada') });
  assert.equal(confirmed.isSignUpComplete, true);

  await signedIn('ada');
  const current = await getCurrentUser();
  assert.equal(current.username, 'ada');
  assert.equal(current.userId, userId);
  const { tokens } = await fetchAuthSession();
  assert.equal(tokens.idToken.payload.iss, issuer);
  assert.equal(tokens.idToken.payload.email_verified, true);
  assert.equal(tokens.accessToken.payload.client_id, client);
  await signOut();
});

// The server answers with k*v + g^b or k*v - g^b at random.
test('SRP with either sign of g^b', async () => {
  await createUser('many');
  for (let i = 0; i < 16; i++) {
    await signedIn('many');
    await signOut();
  }
  await assert.rejects(signIn({ username: 'many', password: 'Wrong-Horse-7' }), { name: 'NotAuthorizedException' });
});

test('sign in by password', async () => {
  await createUser('plain');
  await signedIn('plain', password, 'USER_PASSWORD_AUTH');
  await signOut();
});

test('an invited user chooses a password', async () => {
  const temporary = await invite('nina');
  const { nextStep } = await signIn({ username: 'nina', password: temporary });
  assert.equal(nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED');
  assert.deepEqual(nextStep.missingAttributes, []);
  const done = await confirmSignIn({ challengeResponse: newPassword, options: { userAttributes: { name: 'Nina' } } });
  assert.equal(done.nextStep.signInStep, 'DONE');
  assert.equal((await fetchUserAttributes()).name, 'Nina');
  await signOut();
  await signedIn('nina', newPassword);
  await signOut();
});

test('refresh', async () => {
  await createUser('rita');
  await signedIn('rita');
  const { tokens: before } = await fetchAuthSession();
  const { tokens: after } = await fetchAuthSession({ forceRefresh: true });
  assert.notEqual(after.accessToken.toString(), before.accessToken.toString());
  assert.equal(after.accessToken.payload.origin_jti, before.accessToken.payload.origin_jti);
  await signOut();
});

test('attributes', async () => {
  await createUser('anna');
  await signedIn('anna');
  const { nickname } = await updateUserAttributes({ userAttributes: { nickname: 'An' } });
  assert.equal(nickname.isUpdated, true);
  assert.equal((await fetchUserAttributes()).nickname, 'An');
  await deleteUserAttributes({ userAttributeKeys: ['nickname'] });
  assert.equal((await fetchUserAttributes()).nickname, undefined);

  const { email } = await updateUserAttributes({ userAttributes: { email: 'anna@example.org' } });
  assert.equal(email.nextStep.updateAttributeStep, 'CONFIRM_ATTRIBUTE_WITH_CODE');
  await sendUserAttributeVerificationCode({ userAttributeKey: 'email' });
  await confirmUserAttribute({ userAttributeKey: 'email', confirmationCode: await code('anna') });
  assert.equal((await fetchUserAttributes()).email_verified, 'true');
  await signOut();
});

test('change and recover a password', async () => {
  await createUser('hedy');
  await signedIn('hedy');
  await updatePassword({ oldPassword: password, newPassword });
  await signOut();
  await signedIn('hedy', newPassword);
  await signOut();

  const { nextStep } = await resetPassword({ username: 'hedy' });
  assert.equal(nextStep.resetPasswordStep, 'CONFIRM_RESET_PASSWORD_WITH_CODE');
  await confirmResetPassword({ username: 'hedy', confirmationCode: await code('hedy'), newPassword: password });
  await signedIn('hedy');
  await signOut();
});

test('signing out revokes the refresh token', async () => {
  await createUser('olga');
  await signedIn('olga');
  const { tokens } = await fetchAuthSession();
  await signOut();
  await assert.rejects(getCurrentUser(), { name: 'UserUnAuthenticatedException' });
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSCognitoIdentityProviderService.GetUser' },
    body: JSON.stringify({ AccessToken: tokens.accessToken.toString() }),
  });
  assert.equal(answer.headers.get('x-amzn-errortype'), 'NotAuthorizedException');
});

test('sign out everywhere', async () => {
  await createUser('joan');
  await signedIn('joan');
  await signOut({ global: true });

  await signedIn('joan');
  await sdk.send(new AdminUserGlobalSignOutCommand({ UserPoolId: pool, Username: 'joan' }));
  await assert.rejects(fetchUserAttributes(), { name: 'NotAuthorizedException', message: 'Access Token has been revoked' });
  assert.equal((await fetchAuthSession({ forceRefresh: true })).tokens, undefined); // it clears what is revoked
});

test('delete oneself', async () => {
  await createUser('gone');
  await signedIn('gone');
  await deleteUser();
  await assert.rejects(signIn({ username: 'gone', password }), { name: 'UserNotFoundException', message: 'User does not exist.' });
});
