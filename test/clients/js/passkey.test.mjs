// Passkeys with Amplify, in a browser with a security key as far as Amplify can
// tell: both are made up here.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { test } from 'node:test';
import { CreateUserPoolClientCommand, CreateUserPoolCommand, SetUserPoolMfaConfigCommand } from '@aws-sdk/client-cognito-identity-provider';
import { Amplify } from 'aws-amplify';
import {
  associateWebAuthnCredential, confirmSignIn, deleteWebAuthnCredential, fetchAuthSession, listWebAuthnCredentials, signIn, signOut,
} from 'aws-amplify/auth';
import { createUserIn, password, sdk, url } from './poolhouse.mjs';

const origin = 'https://app.example.com';
const { UserPool: { Id: pool } } = await sdk.send(new CreateUserPoolCommand({
  PoolName: 'passkeys', Policies: { SignInPolicy: { AllowedFirstAuthFactors: ['PASSWORD', 'WEB_AUTHN'] } },
}));
await sdk.send(new SetUserPoolMfaConfigCommand({
  UserPoolId: pool, WebAuthnConfiguration: { RelyingPartyId: 'example.com', UserVerification: 'required' },
}));
const { UserPoolClient: { ClientId: client } } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId: pool, ClientName: 'web', ExplicitAuthFlows: ['ALLOW_USER_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
}));
Amplify.configure({ Auth: { Cognito: { userPoolId: pool, userPoolClientId: client, userPoolEndpoint: url } } });

const sha256 = (data) => createHash('sha256').update(data).digest();
const buffer = (bytes) => Uint8Array.from(bytes).buffer;
/** CBOR (RFC 8949) of numbers, texts, bytes and maps of them. */
function cbor(value) {
  const head = (type, n) => n < 24 ? Buffer.from([type << 5 | n]) : n < 256 ? Buffer.from([type << 5 | 24, n]) : Buffer.from([type << 5 | 25, n >> 8, n & 255]);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
}

/** A browser's classes, of which Amplify wants instances. */
class PublicKeyCredential {
  type = 'public-key';
  authenticatorAttachment = 'platform';
  constructor(id, response) { Object.assign(this, { id: id.toString('base64url'), rawId: buffer(id), response }); }
  getClientExtensionResults() { return {}; }
}
class AuthenticatorAttestationResponse {
  constructor(clientDataJSON, attestationObject, authData) { Object.assign(this, { clientDataJSON: buffer(clientDataJSON), attestationObject: buffer(attestationObject), authData }); }
  getTransports() { return ['internal']; }
  getPublicKeyAlgorithm() { return -7; }
  getAuthenticatorData() { return buffer(this.authData); }
  getPublicKey() { return null; }
}
class AuthenticatorAssertionResponse {
  constructor(parts) { for (const [name, bytes] of Object.entries(parts)) this[name] = buffer(bytes); }
}

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const id = randomBytes(16);
let uses = 0;
let user;
const clientData = (type, challenge) => Buffer.from(JSON.stringify({ type, challenge: Buffer.from(challenge).toString('base64url'), origin, crossOrigin: false }));
const authData = (rp, flags) => Buffer.concat([sha256(rp), Buffer.from([flags, 0, 0, 0, ++uses])]);
const credentials = {
  async create({ publicKey: options }) {
    const { x, y } = publicKey.export({ format: 'jwk' });
    const key = cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]));
    const data = Buffer.concat([authData(options.rp.id, 0x45), Buffer.alloc(16), Buffer.from([0, id.length]), id, key]);
    user = Buffer.from(options.user.id);
    assert.deepEqual(options.authenticatorSelection, { requireResidentKey: true, residentKey: 'required', userVerification: 'required' });
    const object = cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', data]]));
    return new PublicKeyCredential(id, new AuthenticatorAttestationResponse(clientData('webauthn.create', options.challenge), object, data));
  },
  async get({ publicKey: options }) {
    assert.deepEqual(options.allowCredentials.map((c) => Buffer.from(c.id)), [id]);
    const clientDataJSON = clientData('webauthn.get', options.challenge);
    const authenticatorData = authData(options.rpId, 5);
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientDataJSON)]), privateKey);
    return new PublicKeyCredential(id, new AuthenticatorAssertionResponse({ clientDataJSON, authenticatorData, signature, userHandle: user }));
  },
};
Object.defineProperty(globalThis, 'navigator', { value: { credentials, userAgent: 'test' }, configurable: true });
Object.assign(globalThis, { PublicKeyCredential, AuthenticatorAttestationResponse, AuthenticatorAssertionResponse });
globalThis.window = { document: {}, isSecureContext: true, PublicKeyCredential, navigator };

test('register a passkey, sign in with it, remove it', async () => {
  await createUserIn(pool, 'ada');
  const begin = async (preferredChallenge) => (await signIn({ username: 'ada', password, options: { authFlowType: 'USER_AUTH', preferredChallenge } })).nextStep;
  assert.equal((await begin('PASSWORD_SRP')).signInStep, 'DONE');
  await associateWebAuthnCredential();
  const [listed] = (await listWebAuthnCredentials()).credentials;
  assert.equal(listed.credentialId, id.toString('base64url'));
  assert.deepEqual([listed.relyingPartyId, listed.friendlyCredentialName, listed.authenticatorAttachment, listed.authenticatorTransports],
    ['example.com', 'Platform passkey', 'platform', ['internal']]);
  await signOut();

  assert.equal((await begin('WEB_AUTHN')).signInStep, 'DONE');
  assert.deepEqual((await fetchAuthSession()).tokens.idToken.payload.amr, ['swk']);
  await signOut();

  const list = await begin();
  assert.deepEqual(list.availableChallenges, ['PASSWORD_SRP', 'PASSWORD', 'WEB_AUTHN']);
  assert.equal((await confirmSignIn({ challengeResponse: 'WEB_AUTHN' })).nextStep.signInStep, 'DONE');
  await deleteWebAuthnCredential({ credentialId: listed.credentialId });
  assert.deepEqual((await listWebAuthnCredentials()).credentials, []);
  await signOut();
});
