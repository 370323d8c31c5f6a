// aws-amplify, version 6, with an identity pool: credentials of guests and of users, who stay the same identity.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Amplify } from 'aws-amplify';
import { fetchAuthSession, signIn, signOut } from 'aws-amplify/auth';
import { client, createUser, password, pool, url } from './poolhouse.mjs';

/** Calls an operation of identity pools as an administrator, whose signatures a development server does not check. */
async function call(operation, input) {
  const answer = await fetch(url, {
    method: 'POST', body: JSON.stringify(input),
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityService.${operation}` },
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body;
}

// Amplify calls the pool by the issuer of its tokens, Terraform as here.
const { IdentityPoolId: identityPoolId } = await call('CreateIdentityPool', {
  IdentityPoolName: 'app', AllowUnauthenticatedIdentities: true,
  CognitoIdentityProviders: [{ ProviderName: `cognito-idp.us-east-1.amazonaws.com/${pool}`, ClientId: client, ServerSideTokenCheck: true }],
});
await call('SetIdentityPoolRoles', { IdentityPoolId: identityPoolId, Roles: {
  authenticated: 'arn:aws:iam::123456789012:role/user', unauthenticated: 'arn:aws:iam::123456789012:role/guest',
} });
Amplify.configure({ Auth: { Cognito: {
  userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url, identityPoolId, identityPoolEndpoint: url, allowGuestAccess: true,
} } });

test('a guest who signs in', async () => {
  await createUser('ada');
  const guest = await fetchAuthSession();
  assert.match(guest.identityId, /^us-east-1:[0-9a-f-]{36}$/);
  assert.match(guest.credentials.accessKeyId, /^ASIA/);
  assert.ok(guest.credentials.sessionToken && guest.credentials.expiration > new Date());

  await signIn({ username: 'ada', password });
  const user = await fetchAuthSession();
  assert.notEqual(user.credentials.accessKeyId, guest.credentials.accessKeyId);
  const { Logins } = await call('DescribeIdentity', { IdentityId: user.identityId });
  assert.deepEqual(Logins, [`cognito-idp.us-east-1.amazonaws.com/${pool}`]);
  await signOut();

  await signIn({ username: 'ada', password });
  const again = await fetchAuthSession();
  assert.equal(again.identityId, user.identityId);
  await signOut();
});
