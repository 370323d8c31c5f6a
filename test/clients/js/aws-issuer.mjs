// aws-jwt-verify's verifier for Cognito knows AWS's issuer only.
import assert from 'node:assert/strict';
import { InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { client, createUser, issuer, password, pool, sdk } from './poolhouse.mjs';

await createUser('ada');
const { AuthenticationResult: { IdToken, AccessToken } } = await sdk.send(new InitiateAuthCommand({
  ClientId: client, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: 'ada', PASSWORD: password },
}));
const jwks = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
for (const [tokenUse, token] of [['id', IdToken], ['access', AccessToken]]) {
  const verifier = CognitoJwtVerifier.create({ userPoolId: pool, clientId: client, tokenUse });
  verifier.cacheJwks(jwks);
  const payload = await verifier.verify(token);
  assert.equal(payload.iss, `https://cognito-idp.us-east-1.amazonaws.com/${pool}`);
}
