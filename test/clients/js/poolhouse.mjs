// The server under test, what an administrator does to it, and its inbox.
import {
  AdminCreateUserCommand, AdminSetUserPasswordCommand, CognitoIdentityProviderClient,
} from '@aws-sdk/client-cognito-identity-provider';

export const url = process.env.AWS_ENDPOINT_URL;
export const pool = process.env.POOLHOUSE_POOL;
export const client = process.env.POOLHOUSE_CLIENT;
export const issuer = `${url}/${pool}`;
export const password = 'Correct-Horse-7';
export const newPassword = 'Battery-Staple-8';

/** The SDK finds endpoint, region and credentials in the environment. */
export const sdk = new CognitoIdentityProviderClient({ maxAttempts: 1 });

/** The newest message to a user. */
export async function message(username) {
  const answer = await fetch(`${url}/_poolhouse/inbox?username=${encodeURIComponent(username)}`, {
    headers: { accept: 'application/json' },
  });
  const [newest] = await answer.json();
  return newest;
}

/** The code in the newest message to a user. */
export async function code(username) {
  return (await message(username)).code;
}

/** Makes a confirmed user with a password and a verified email address. */
export async function createUser(username, attributes = {}) {
  return createUserIn(pool, username, attributes);
}

/** Makes such a user in another pool than the demo pool. */
export async function createUserIn(UserPoolId, username, attributes = {}) {
  await invite(username, attributes, UserPoolId);
  await sdk.send(new AdminSetUserPasswordCommand({ UserPoolId, Username: username, Password: password, Permanent: true }));
  return username;
}

/** Makes a user who must choose a password at the first sign-in; returns the temporary one. */
export async function invite(username, attributes = {}, UserPoolId = pool) {
  const all = { email: `${username}@example.com`, email_verified: 'true', ...attributes };
  await sdk.send(new AdminCreateUserCommand({
    UserPoolId, Username: username, TemporaryPassword: 'Temporary-1',
    UserAttributes: Object.entries(all).map(([Name, Value]) => ({ Name, Value })),
  }));
  return 'Temporary-1';
}

/** The claims of a token, unchecked. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
}
