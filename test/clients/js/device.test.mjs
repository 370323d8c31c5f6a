// Remembered devices, with amazon-cognito-identity-js and aws-amplify: the first
// sign-in confirms the device, the next one proves it in place of the second
// factor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Amplify } from 'aws-amplify';
import { cognitoUserPoolsTokenProvider } from 'aws-amplify/auth/cognito';
import {
  confirmSignIn, fetchAuthSession, fetchDevices, forgetDevice, rememberDevice, signIn, signOut,
} from 'aws-amplify/auth';
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';
import {
  AdminForgetDeviceCommand, AdminListDevicesCommand, AdminSetUserMFAPreferenceCommand, CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { claims, code, createUserIn, password, sdk, url } from './poolhouse.mjs';

globalThis.navigator ??= { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' }; // Amplify names devices by it

/** A pool that tracks devices and asks for codes by SMS, and a client of it. */
async function makePool(DeviceConfiguration) {
  const { UserPool } = await sdk.send(new CreateUserPoolCommand({
    PoolName: 'devices', DeviceConfiguration, AutoVerifiedAttributes: ['phone_number'], MfaConfiguration: 'OPTIONAL',
    SmsConfiguration: { SnsCallerArn: 'arn:aws:iam::123456789012:role/sms', ExternalId: 'devices' },
  }));
  const { UserPoolClient } = await sdk.send(new CreateUserPoolClientCommand({
    UserPoolId: UserPool.Id, ClientName: 'app',
    ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
  }));
  return { pool: UserPool.Id, client: UserPoolClient.ClientId };
}

/** Makes a user who is asked for a code from the phone. */
async function createUserWithCodes(pool, username) {
  await createUserIn(pool, username, { phone_number: '+12025550123', phone_number_verified: 'true' });
  await sdk.send(new AdminSetUserMFAPreferenceCommand({
    UserPoolId: pool, Username: username, SMSMfaSettings: { Enabled: true, PreferredMfa: true },
  }));
}

const devices = async (pool, username) => (await sdk.send(new AdminListDevicesCommand({ UserPoolId: pool, Username: username }))).Devices;
const attribute = (device, name) => device.DeviceAttributes.find((a) => a.Name === name).Value;

test('amazon-cognito-identity-js', async (t) => {
  const { pool, client } = await makePool({ ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true });
  await createUserWithCodes(pool, 'ada');
  const kept = new Map(); // what a browser keeps
  const Storage = {
    setItem: (k, v) => kept.set(k, v), getItem: (k) => kept.get(k) ?? null, removeItem: (k) => kept.delete(k), clear: () => kept.clear(),
  };
  const userPool = new CognitoUserPool({ UserPoolId: pool, ClientId: client, endpoint: url, Storage });
  const ada = new CognitoUser({ Username: 'ada', Pool: userPool, Storage });
  const asked = [];
  const signInAda = (flow = 'USER_SRP_AUTH') => new Promise((resolve, reject) => {
    const callbacks = {
      onSuccess: (session, confirmationNecessary) => resolve({ session, confirmationNecessary }), onFailure: reject,
      mfaRequired: async (challenge) => { asked.push(challenge); ada.sendMFACode(await code('ada'), callbacks, challenge); },
    };
    ada.setAuthenticationFlowType(flow);
    ada.authenticateUser(new AuthenticationDetails({ Username: 'ada', Password: password }), callbacks);
  });
  const call = (method, ...args) => new Promise((resolve, reject) => {
    ada[method](...args, { onSuccess: resolve, onFailure: reject });
  });

  const first = await signInAda();
  assert.deepEqual(asked.splice(0), ['SMS_MFA']);
  assert.equal(first.confirmationNecessary, true);
  await t.test('not remembered yet: the code, then the device', async () => {
    const { session } = await signInAda();
    assert.deepEqual(asked.splice(0), ['SMS_MFA']);
    assert.equal((await devices(pool, 'ada')).length, 1);
    assert.equal(session.getAccessToken().payload.device_key, first.session.getAccessToken().payload.device_key);
  });
  await t.test('remembered: no code', async () => {
    assert.equal(await call('setDeviceStatusRemembered'), 'SUCCESS');
    for (const flow of ['USER_SRP_AUTH', 'USER_PASSWORD_AUTH', 'USER_PASSWORD_AUTH', 'USER_PASSWORD_AUTH']) await signInAda(flow);
    assert.deepEqual(asked, []);
    const [device] = await devices(pool, 'ada');
    assert.equal(attribute(device, 'dev:device_remembered_status'), 'remembered');
    const { Device } = await call('getDevice');
    assert.equal(Device.DeviceKey, device.DeviceKey);
    const { Devices } = await new Promise((resolve, reject) => {
      ada.listDevices(10, null, { onSuccess: resolve, onFailure: reject });
    });
    assert.equal(Devices.length, 1);
  });
  await t.test('refresh', async () => {
    const { session } = await signInAda();
    const renewed = await new Promise((resolve, reject) => {
      ada.refreshSession(session.getRefreshToken(), (err, result) => (err ? reject(err) : resolve(result)));
    });
    assert.equal(renewed.getAccessToken().payload.origin_jti, session.getAccessToken().payload.origin_jti);
  });
  await t.test('forgotten elsewhere: the code, and a new device', async () => {
    const [device] = await devices(pool, 'ada');
    const { session } = await signInAda();
    await sdk.send(new AdminForgetDeviceCommand({ UserPoolId: pool, Username: 'ada', DeviceKey: device.DeviceKey }));
    await assert.rejects(new Promise((resolve, reject) => {
      ada.refreshSession(session.getRefreshToken(), (err, result) => (err ? reject(err) : resolve(result)));
    }), { code: 'NotAuthorizedException', message: 'Invalid Refresh Token' });
    await signInAda();
    assert.deepEqual(asked.splice(0), ['SMS_MFA']);
    const [next, ...others] = await devices(pool, 'ada');
    assert.notEqual(next.DeviceKey, device.DeviceKey);
    assert.deepEqual(others, []);
    assert.equal(await call('forgetDevice'), 'SUCCESS');
    assert.deepEqual(await devices(pool, 'ada'), []);
  });
});

test('aws-amplify', async (t) => {
  const { pool, client } = await makePool({ ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: false });
  await createUserWithCodes(pool, 'amy');
  Amplify.configure({ Auth: { Cognito: { userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url } } });
  const kept = new Map();
  cognitoUserPoolsTokenProvider.setKeyValueStorage({
    setItem: async (k, v) => { kept.set(k, v); }, getItem: async (k) => kept.get(k) ?? null,
    removeItem: async (k) => { kept.delete(k); }, clear: async () => kept.clear(),
  });
  /** Signs in and returns the steps that it took. */
  const steps = async (authFlowType) => {
    const taken = [];
    let { nextStep } = await signIn({ username: 'amy', password, options: { authFlowType } });
    for (; nextStep.signInStep !== 'DONE'; ({ nextStep } = await confirmSignIn({ challengeResponse: await code('amy') }))) {
      taken.push(nextStep.signInStep);
    }
    return taken;
  };

  assert.deepEqual(await steps('USER_SRP_AUTH'), ['CONFIRM_SIGN_IN_WITH_SMS_CODE']);
  await signOut();
  await t.test('a remembered device needs no code', async () => {
    for (const flow of ['USER_SRP_AUTH', 'USER_PASSWORD_AUTH', 'USER_SRP_AUTH', 'USER_SRP_AUTH']) {
      assert.deepEqual(await steps(flow), [], flow);
      const { tokens } = await fetchAuthSession({ forceRefresh: true });
      const [device] = await devices(pool, 'amy');
      assert.equal(claims(tokens.accessToken.toString()).device_key, device.DeviceKey);
      await signOut();
    }
    assert.equal((await devices(pool, 'amy')).length, 1);
  });
  await t.test('the user sees and forgets it', async () => {
    assert.deepEqual(await steps('USER_SRP_AUTH'), []);
    await rememberDevice();
    const [device] = await fetchDevices();
    assert.equal(device.id, (await devices(pool, 'amy'))[0].DeviceKey);
    await forgetDevice();
    await signOut();
    assert.deepEqual(await steps('USER_SRP_AUTH'), ['CONFIRM_SIGN_IN_WITH_SMS_CODE']);
  });
  await t.test('forgotten elsewhere', async () => {
    for (const flow of ['USER_SRP_AUTH', 'USER_PASSWORD_AUTH']) {
      await signOut();
      const [device] = await devices(pool, 'amy');
      await sdk.send(new AdminForgetDeviceCommand({ UserPoolId: pool, Username: 'amy', DeviceKey: device.DeviceKey }));
      assert.deepEqual(await steps(flow), ['CONFIRM_SIGN_IN_WITH_SMS_CODE'], flow);
    }
  });
});
