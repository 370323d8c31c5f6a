// @aws-sdk/client-cognito-identity-provider: an app client with a secret, as a web server uses it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  ChangePasswordCommand, ConfirmForgotPasswordCommand, ConfirmSignUpCommand, CreateUserPoolClientCommand,
  ForgotPasswordCommand, GetTokensFromRefreshTokenCommand, GetUserCommand, GlobalSignOutCommand,
  InitiateAuthCommand, NotAuthorizedException, SignUpCommand, UserNotFoundException,
  UsernameExistsException, paginateListUsers,
} from '@aws-sdk/client-cognito-identity-provider';
import { code, createUser, newPassword, password, pool, sdk } from './poolhouse.mjs';

const { UserPoolClient: { ClientId, ClientSecret } } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId: pool, ClientName: 'web server', GenerateSecret: true, PreventUserExistenceErrors: 'LEGACY',
  ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
  RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 0 },
}));
const secretHash = (username) => createHmac('sha256', ClientSecret).update(username + ClientId).digest('base64');
const signIn = (username, secret = password) => sdk.send(new InitiateAuthCommand({
  ClientId, AuthFlow: 'USER_PASSWORD_AUTH',
  AuthParameters: { USERNAME: username, PASSWORD: secret, SECRET_HASH: secretHash(username) },
}));

test('sign up, confirm, sign in', async () => {
  const SecretHash = secretHash('ada');
  const signedUp = await sdk.send(new SignUpCommand({
    ClientId, SecretHash, Username: 'ada', Password: password, UserAttributes: [{ Name: 'email', Value: 'ada@example.com' }],
  }));
  assert.equal(signedUp.UserConfirmed, false);
  assert.deepEqual(signedUp.CodeDeliveryDetails, { AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination: 'a***@e***' });
  await sdk.send(new ConfirmSignUpCommand({ ClientId, SecretHash, Username: 'ada', ConfirmationCode: await code('ada') }));

  const { AuthenticationResult } = await signIn('ada');
  assert.equal(AuthenticationResult.TokenType, 'Bearer');
  assert.equal(AuthenticationResult.ExpiresIn, 3600);
  const user = await sdk.send(new GetUserCommand({ AccessToken: AuthenticationResult.AccessToken }));
  assert.equal(user.Username, 'ada');
  const attributes = Object.fromEntries(user.UserAttributes.map((a) => [a.Name, a.Value]));
  assert.deepEqual(attributes, { sub: signedUp.UserSub, email: 'ada@example.com', email_verified: 'true' });
});

test('a wrong secret hash is refused', async () => {
  await createUser('grace');
  await assert.rejects(sdk.send(new InitiateAuthCommand({
    ClientId, AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters: { USERNAME: 'grace', PASSWORD: password, SECRET_HASH: secretHash('ada') },
  })), { name: 'NotAuthorizedException', message: `Unable to verify secret hash for client ${ClientId}` });
});

test('refresh tokens rotate', async () => {
  await createUser('rota');
  const { AuthenticationResult: { RefreshToken } } = await signIn('rota');
  const refresh = (token) => sdk.send(new GetTokensFromRefreshTokenCommand({ ClientId, ClientSecret, RefreshToken: token }));
  const { AuthenticationResult: next } = await refresh(RefreshToken);
  assert.notEqual(next.RefreshToken, RefreshToken);
  await refresh(next.RefreshToken);
});

test('change and recover a password', async () => {
  await createUser('hedy');
  const { AuthenticationResult: { AccessToken } } = await signIn('hedy');
  await sdk.send(new ChangePasswordCommand({ AccessToken, PreviousPassword: password, ProposedPassword: newPassword }));
  await signIn('hedy', newPassword);

  const SecretHash = secretHash('hedy');
  await sdk.send(new ForgotPasswordCommand({ ClientId, SecretHash, Username: 'hedy' }));
  await sdk.send(new ConfirmForgotPasswordCommand({
    ClientId, SecretHash, Username: 'hedy', ConfirmationCode: await code('hedy'), Password: password,
  }));
  await signIn('hedy');
});

test('sign out everywhere', async () => {
  await createUser('joan');
  const { AuthenticationResult: { AccessToken } } = await signIn('joan');
  await sdk.send(new GlobalSignOutCommand({ AccessToken }));
  await assert.rejects(sdk.send(new GetUserCommand({ AccessToken })), {
    name: 'NotAuthorizedException', message: 'Access Token has been revoked',
  });
});

test('errors are of their classes', async () => {
  await createUser('mary');
  await assert.rejects(signIn('mary', 'wrong'), (e) => {
    assert(e instanceof NotAuthorizedException);
    assert.equal(e.message, 'Incorrect username or password.');
    assert.equal(e.$metadata.httpStatusCode, 400);
    assert.match(e.$metadata.requestId, /^[0-9a-f-]{36}$/);
    return true;
  });
  await assert.rejects(signIn('nobody'), (e) => e instanceof UserNotFoundException);
  await assert.rejects(sdk.send(new SignUpCommand({
    ClientId, SecretHash: secretHash('mary'), Username: 'mary', Password: password,
  })), (e) => e instanceof UsernameExistsException);
});

test('list users page by page', async () => {
  for (let i = 0; i < 5; i++) await createUser(`page${i}`);
  const names = [];
  for await (const page of paginateListUsers({ client: sdk, pageSize: 2 }, { UserPoolId: pool, Filter: 'username ^= "page"' })) {
    assert(page.Users.length <= 2);
    names.push(...page.Users.map((u) => u.Username));
    assert(page.Users.every((u) => u.UserCreateDate instanceof Date));
  }
  assert.deepEqual(names.sort(), ['page0', 'page1', 'page2', 'page3', 'page4']);
});
