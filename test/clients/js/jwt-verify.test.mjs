// aws-jwt-verify with a server's own issuer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import { JwtVerifier } from 'aws-jwt-verify';
import { client, createUser, issuer, password, sdk } from './poolhouse.mjs';

test('the tokens of a sign-in verify', async () => {
  await createUser('ada');
  const { AuthenticationResult: { IdToken, AccessToken } } = await sdk.send(new InitiateAuthCommand({
    ClientId: client, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: 'ada', PASSWORD: password },
  }));
  const jwks = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();

  const ids = JwtVerifier.create({ issuer, audience: client });
  ids.cacheJwks(jwks);
  assert.equal((await ids.verify(IdToken))['cognito:username'], 'ada');

  const access = JwtVerifier.create({ issuer, audience: null, customJwtCheck: ({ payload }) => assert.equal(payload.token_use, 'access') });
  access.cacheJwks(jwks);
  assert.equal((await access.verify(AccessToken)).username, 'ada');

  const [header, , signature] = IdToken.split('.');
  const forged = Buffer.from(JSON.stringify({ iss: issuer, aud: client, exp: 4e9 })).toString('base64url');
  await assert.rejects(ids.verify(`${header}.${forged}.${signature}`), { message: 'Invalid signature' });
});
