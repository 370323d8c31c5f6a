// Sessions of users, with the AWS SDK for JavaScript.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AdminListUserSessionsCommand, GetTokensFromRefreshTokenCommand, GetUserCommand, InitiateAuthCommand, ListUserSessionsCommand,
  RevokeUserSessionCommand, SetUserPoolSessionConfigurationCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { client, createUser, password, pool, sdk, url } from './poolhouse.mjs';

const signIn = async (username) => (await sdk.send(new InitiateAuthCommand({
  ClientId: client, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: username, PASSWORD: password },
}))).AuthenticationResult;

test('list and revoke', async () => {
  await createUser('ada');
  await sdk.send(new SetUserPoolSessionConfigurationCommand({
    UserPoolId: pool, UserSessionTracking: 'ENABLED', TokenSession: { MaxPerUser: 2 },
  }));
  const tokens = [];
  for (let i = 0; i < 3; i++) tokens.push(await signIn('ada'));
  // The first one made room for the third.
  await assert.rejects(sdk.send(new GetUserCommand({ AccessToken: tokens[0].AccessToken })), {
    name: 'NotAuthorizedException', message: 'Access Token has been revoked',
  });

  const { Sessions } = await sdk.send(new ListUserSessionsCommand({ AccessToken: tokens[2].AccessToken }));
  assert.deepEqual(Sessions.map((s) => s.IsCurrentSession).sort(), [false, true]);
  for (const session of Sessions) {
    assert.match(session.SessionId, /^tkn[0-9a-z]{25}$/);
    assert.equal(session.SessionType, 'TOKEN');
    assert.match(session.DeviceType, /^AWS SDK for JavaScript 3\.\d+$/);
    assert.equal(session.LastIPAddress, '127.0.0.1');
    assert(session.CreateDate <= session.LastActiveDate);
  }
  const other = Sessions.find((s) => !s.IsCurrentSession);
  await sdk.send(new RevokeUserSessionCommand({ AccessToken: tokens[2].AccessToken, SessionId: other.SessionId }));
  await assert.rejects(sdk.send(new GetTokensFromRefreshTokenCommand({ ClientId: client, RefreshToken: tokens[1].RefreshToken })), {
    name: 'NotAuthorizedException', message: 'Refresh Token has been revoked',
  });

  // A browser says another name of itself.
  await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSCognitoIdentityProviderService.GetTokensFromRefreshToken',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    },
    body: JSON.stringify({ ClientId: client, RefreshToken: tokens[2].RefreshToken }),
  });
  const left = await sdk.send(new AdminListUserSessionsCommand({ UserPoolId: pool, Username: 'ada' }));
  assert.deepEqual(left.Sessions.map((s) => s.DeviceType), ['Firefox 128, Linux']);
});
