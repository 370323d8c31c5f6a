// Choice-based sign-in with Amplify: signing up without a password, codes by
// email, choosing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateUserPoolClientCommand, CreateUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { Amplify } from 'aws-amplify';
import { autoSignIn, confirmSignIn, confirmSignUp, fetchAuthSession, signIn, signOut, signUp } from 'aws-amplify/auth';
import { code, createUserIn, password, sdk, url } from './poolhouse.mjs';

// Amplify waits three minutes for a confirmation. That shall not keep the process.
const { setTimeout: later } = globalThis;
globalThis.setTimeout = (call, delay, ...rest) => {
  const timer = later(call, delay, ...rest);
  return delay > 60_000 ? timer.unref() : timer;
};

const { UserPool: { Id: pool } } = await sdk.send(new CreateUserPoolCommand({
  PoolName: 'choice',
  AutoVerifiedAttributes: ['email'],
  Policies: { SignInPolicy: { AllowedFirstAuthFactors: ['PASSWORD', 'EMAIL_OTP'] } },
}));
const { UserPoolClient: { ClientId: client } } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId: pool, ClientName: 'web', ExplicitAuthFlows: ['ALLOW_USER_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
  PreventUserExistenceErrors: 'ENABLED',
}));
Amplify.configure({ Auth: { Cognito: { userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url } } });

const begin = async (username, preferredChallenge) =>
  (await signIn({ username, options: { authFlowType: 'USER_AUTH', preferredChallenge } })).nextStep;
const methods = async () => (await fetchAuthSession()).tokens.idToken.payload.amr;

test('sign up without a password, and go straight on', async () => {
  const { nextStep } = await signUp({
    username: 'ada', options: { userAttributes: { email: 'ada@example.com' }, autoSignIn: { authFlowType: 'USER_AUTH' } },
  });
  assert.equal(nextStep.signUpStep, 'CONFIRM_SIGN_UP');
  const confirmed = await confirmSignUp({ username: 'ada', confirmationCode: await code('ada') });
  assert.equal(confirmed.nextStep.signUpStep, 'COMPLETE_AUTO_SIGN_IN');
  assert.equal((await autoSignIn()).nextStep.signInStep, 'DONE');
  assert.deepEqual(await methods(), ['email_otp']);
  await signOut();
});

test('sign in with a code', async () => {
  const sent = await begin('ada', 'EMAIL_OTP');
  assert.equal(sent.signInStep, 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE');
  assert.deepEqual(sent.codeDeliveryDetails, { deliveryMedium: 'EMAIL', destination: 'a***@e***' });
  await assert.rejects(confirmSignIn({ challengeResponse: '00000000' }), { name: 'CodeMismatchException' });
  assert.equal((await confirmSignIn({ challengeResponse: await code('ada') })).nextStep.signInStep, 'DONE');
  await signOut();
});

test('choose', async () => {
  await createUserIn(pool, 'grace');
  for (const choice of ['EMAIL_OTP', 'PASSWORD', 'PASSWORD_SRP']) {
    const list = await begin('grace');
    assert.equal(list.signInStep, 'CONTINUE_SIGN_IN_WITH_FIRST_FACTOR_SELECTION');
    assert.deepEqual(list.availableChallenges, ['PASSWORD_SRP', 'PASSWORD', 'EMAIL_OTP']);
    const asked = (await confirmSignIn({ challengeResponse: choice })).nextStep;
    const mailed = choice === 'EMAIL_OTP';
    assert.equal(asked.signInStep, mailed ? 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE' : 'CONFIRM_SIGN_IN_WITH_PASSWORD');
    assert.equal((await confirmSignIn({ challengeResponse: mailed ? await code('grace') : password })).nextStep.signInStep, 'DONE');
    assert.deepEqual(await methods(), [mailed ? 'email_otp' : 'pwd']);
    await signOut();
  }
});

test('nobody has the name', async () => {
  const sent = await begin('nobody@example.com', 'EMAIL_OTP');
  assert.equal(sent.signInStep, 'CONFIRM_SIGN_IN_WITH_EMAIL_CODE');
  assert.equal(sent.codeDeliveryDetails.destination, 'n***@e***');
  await assert.rejects(confirmSignIn({ challengeResponse: '00000000' }), { name: 'CodeMismatchException' });
});
